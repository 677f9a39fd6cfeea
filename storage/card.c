/* The life of /sd: the slot enabled or not, cards that come and go, a card that is being formatted
 * (card_format.c). */
#include "storage/card.h"

#include "storage/card_disk.h"
#include "storage/card_fat.h"
#include "storage/internal.h"

static bool enabled;
static bool mounted;
static bool formatting;
static uint32_t looked_at; /* the insertion of which a mount was tried; 0: none */

int card_state(void)
{
    if (formatting) {
        return STORAGE_BUSY;
    }
    return mounted && card_disk_present() ? STORAGE_OK : STORAGE_NO_VOLUME;
}

int card_changeable(void)
{
    return card_disk_card()->read_only ? STORAGE_READ_ONLY : STORAGE_OK;
}

void card_init(void)
{
    enabled = mounted = formatting = false;
    looked_at = 0;
    card_fat_unmount();
}

/* Mount what is in the slot now. */
static int mount(void)
{
    struct hal_sdcard card;
    hal_sdcard_look(&card);
    looked_at = card.insertion;
    if (card.insertion == 0) {
        return STORAGE_NO_VOLUME;
    }
    card_disk_use(&card);
    int result = card_fat_mount();
    mounted = result == STORAGE_OK;
    return result;
}

static void give_up(void)
{
    files_lose(&card_files);
    dirs_lose(&card_files);
    card_fat_unmount();
    mounted = false;
}

/* Make the state that of the slot. */
static void follow(void)
{
    struct hal_sdcard card;
    if (mounted && !card_disk_present()) {
        give_up();
    }
    hal_sdcard_look(&card);
    if (enabled && !mounted && card.insertion != 0 && card.insertion != looked_at) {
        mount();
    }
}

static void poll(void)
{
    if (formatting) {
        return;
    }
    follow();
    if (mounted && card_fat_counts()) {
        card_fat_count_on();
    }
}

void storage_card_poll(void)
{
    storage_enter();
    poll();
    storage_leave();
}

bool storage_card_wants_poll(void)
{
    return mounted && !formatting && card_fat_counts();
}

enum storage_card storage_card(void)
{
    struct hal_sdcard card;
    if (formatting) {
        return STORAGE_CARD_FORMATTING;
    }
    if (!enabled) {
        return STORAGE_CARD_DISABLED;
    }
    if (card_state() == STORAGE_OK) {
        return STORAGE_CARD_MOUNTED;
    }
    hal_sdcard_look(&card);
    return card.insertion == 0 ? STORAGE_CARD_ABSENT : STORAGE_CARD_UNREADABLE;
}

static int enable(void)
{
    if (formatting) {
        return STORAGE_BUSY;
    }
    follow();
    int result = mounted ? STORAGE_OK : mount();
    enabled = enabled || result == STORAGE_OK;
    return result;
}

int storage_card_mount(void)
{
    storage_enter();
    int result = enable();
    storage_leave();
    return result;
}

static int disable(void)
{
    if (formatting) {
        return STORAGE_BUSY;
    }
    if (!enabled) {
        return STORAGE_NO_VOLUME;
    }
    follow();
    if (files_any_open(&card_files) || dirs_any_open(&card_files)) {
        return STORAGE_BUSY;
    }
    if (mounted) {
        card_fat_flush();
        card_fat_unmount();
    }
    enabled = mounted = false;
    looked_at = 0;
    return STORAGE_OK;
}

int storage_card_unmount(void)
{
    storage_enter();
    int result = disable();
    storage_leave();
    return result;
}

/* ---- formatting: it goes on outside of the guard, in card_format.c */

static int begin_format(void)
{
    struct hal_sdcard card;
    if (formatting) {
        return STORAGE_BUSY;
    }
    follow();
    hal_sdcard_look(&card);
    if (card.insertion == 0) {
        return STORAGE_NO_VOLUME;
    }
    if (card.read_only) {
        return STORAGE_READ_ONLY;
    }
    if (files_any_open(&card_files) || dirs_any_open(&card_files)) {
        return STORAGE_BUSY;
    }
    card_fat_unmount();
    mounted = false;
    formatting = true;
    card_disk_use(&card);
    return STORAGE_OK;
}

static int end_format(int result)
{
    formatting = false;
    looked_at = 0;
    if (result == STORAGE_OK && enabled) {
        result = mount();
    }
    follow();
    return result;
}

int storage_card_format(enum storage_fat type, void (*between)(void))
{
    storage_enter();
    int result = begin_format();
    storage_leave();
    if (result != STORAGE_OK) {
        return result;
    }
    result = card_format(type, between);
    storage_enter();
    result = end_format(result);
    storage_leave();
    return result;
}
