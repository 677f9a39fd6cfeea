#include "boot/safe_boot.h"

#define NEVER UINT64_MAX

static const struct {
    uint32_t length_us;
    uint32_t toggle_us; /* the LED changes so often; 0: it stays dark */
    enum safe_boot_choice choice;
    bool release_ends_it;
} windows[] = {
    {500000, 0, SAFE_BOOT_NONE, true},
    {3000000, 500000, SAFE_BOOT_LATEST, true},
    {3000000, 250000, SAFE_BOOT_PREVIOUS, true},
    {1500000, 100000, SAFE_BOOT_FACTORY, false},
};
#define LAST_WINDOW ((int)(sizeof windows / sizeof windows[0]) - 1)

static void enter(struct safe_boot *safe_boot, int window, uint64_t start_us)
{
    safe_boot->window = window;
    safe_boot->window_end_us = start_us + windows[window].length_us;
    safe_boot->led = windows[window].toggle_us != 0;
    safe_boot->toggle_us = safe_boot->led ? start_us + windows[window].toggle_us : NEVER;
}

static void choose(struct safe_boot *safe_boot)
{
    safe_boot->choice = windows[safe_boot->window].choice;
    safe_boot->led = false;
    safe_boot->done = true;
}

void safe_boot_begin(struct safe_boot *safe_boot, uint64_t now_us, bool high)
{
    *safe_boot = (struct safe_boot){.low_since_us = NEVER};
    enter(safe_boot, 0, now_us);
    if (!high) {
        choose(safe_boot);
    }
}

static uint64_t release_us(const struct safe_boot *safe_boot)
{
    return safe_boot->low_since_us == NEVER ? NEVER
                                            : safe_boot->low_since_us + SAFE_BOOT_DEBOUNCE_US;
}

/* While the pin is low no window ends: if it turns out to be a release, it is one in the window in
 * which it began. */
static uint64_t end_us(const struct safe_boot *safe_boot)
{
    return safe_boot->low_since_us == NEVER ? safe_boot->window_end_us : NEVER;
}

static uint64_t earlier(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

uint64_t safe_boot_deadline(const struct safe_boot *safe_boot)
{
    return earlier(earlier(release_us(safe_boot), end_us(safe_boot)), safe_boot->toggle_us);
}

/* The earliest event, which is due. */
static void handle(struct safe_boot *safe_boot)
{
    uint64_t due_us = safe_boot_deadline(safe_boot);
    if (due_us == release_us(safe_boot)) {
        choose(safe_boot);
    } else if (due_us == end_us(safe_boot) && safe_boot->window == LAST_WINDOW) {
        choose(safe_boot);
    } else if (due_us == end_us(safe_boot)) {
        enter(safe_boot, safe_boot->window + 1, safe_boot->window_end_us);
    } else {
        safe_boot->led = !safe_boot->led;
        safe_boot->toggle_us += windows[safe_boot->window].toggle_us;
    }
}

void safe_boot_step(struct safe_boot *safe_boot, uint64_t now_us, bool high)
{
    if (high) {
        safe_boot->low_since_us = NEVER;
    }
    if (safe_boot_deadline(safe_boot) <= now_us) {
        handle(safe_boot);
    }
    /* What was due before comes first: until now the pin counts as high. */
    if (!high && safe_boot->low_since_us == NEVER && safe_boot_deadline(safe_boot) > now_us &&
        windows[safe_boot->window].release_ends_it) {
        safe_boot->low_since_us = now_us;
    }
}
