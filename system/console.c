#include "system/console.h"

#include "hal/clock.h"
#include "hal/uart.h"

#define UART_CHUNK 256u
#define CTRL_C     3

static uint8_t queue[CONSOLE_QUEUE_SIZE];
static size_t queue_first, queue_count;
static uint64_t full_since_us; /* link time at which input first found no room; HAL_CLOCK_NEVER:
                                  there is room */
static uint32_t discarded;

static int interrupt_character;
static void (*interrupt_function)(void);
static void (*remote_write)(const char *data, size_t size);
static struct console_size window;
static bool waiting;

/* What the UART gave and the queue has not taken yet. */
static uint8_t uart_held[UART_CHUNK];
static size_t uart_held_first, uart_held_count;

static void queue_clear(void)
{
    queue_first = 0;
    queue_count = 0;
    full_since_us = HAL_CLOCK_NEVER;
}

void console_init(void)
{
    queue_clear();
    discarded = 0;
    interrupt_character = -1;
    interrupt_function = NULL;
    remote_write = NULL;
    window = (struct console_size){0};
    waiting = false;
    uart_held_first = 0;
    uart_held_count = 0;
}

static void interrupt_reader(void)
{
    waiting = false; /* it has something to do: to end what waits */
    interrupt_function();
}

/* How many bytes of the queue there are up to its last interrupt character; 0: it holds none. */
static size_t queue_interrupted(void)
{
    size_t count = queue_count;
    while (count > 0 &&
           queue[(queue_first + count - 1) % CONSOLE_QUEUE_SIZE] != interrupt_character) {
        count--;
    }
    return count;
}

void console_set_interrupt(int character, void (*interrupt)(void))
{
    interrupt_character = character;
    interrupt_function = interrupt;
    size_t count = character >= 0 ? queue_interrupted() : 0;
    if (count > 0) {
        queue_first = (queue_first + count) % CONSOLE_QUEUE_SIZE;
        queue_count -= count;
        full_since_us = HAL_CLOCK_NEVER;
        interrupt_reader();
    }
}

/* Whether the program has let a full queue lie for so long that its input is thrown away, so that
 * an interrupt behind it can arrive. Without an interrupt character nothing could come of that. */
static bool console_stalled(void)
{
    return full_since_us != HAL_CLOCK_NEVER && interrupt_character >= 0 &&
           hal_clock_link_us() - full_since_us >= CONSOLE_STALL_US;
}

size_t console_offer(const uint8_t *data, size_t size)
{
    size_t taken = 0;
    if (interrupt_character >= 0) {
        for (size_t i = 0; i < size; i++) {
            if (data[i] == interrupt_character) {
                taken = i + 1;
            }
        }
        if (taken > 0) {
            queue_clear();
            interrupt_reader();
        }
    }
    while (taken < size && queue_count < CONSOLE_QUEUE_SIZE) {
        queue[(queue_first + queue_count) % CONSOLE_QUEUE_SIZE] = data[taken++];
        queue_count++;
    }
    if (taken < size) {
        if (full_since_us == HAL_CLOCK_NEVER) {
            full_since_us = hal_clock_link_us();
        }
        if (console_stalled()) {
            discarded += (uint32_t)(size - taken);
            taken = size;
        }
    }
    return taken;
}

void console_interrupt(void)
{
    queue_clear();
    if (interrupt_character >= 0) {
        interrupt_reader();
    } else {
        console_offer((const uint8_t[]){CTRL_C}, 1);
    }
}

void console_offer_deadline(struct loop_deadline *deadline)
{
    uint64_t again_us = 0;
    if (queue_count == CONSOLE_QUEUE_SIZE) {
        if (full_since_us == HAL_CLOCK_NEVER || interrupt_character < 0) {
            return; /* the reader makes room, and whoever waits asks for deadlines again */
        }
        again_us = full_since_us + CONSOLE_STALL_US;
    }
    if (again_us < deadline->link_us) {
        deadline->link_us = again_us;
    }
}

uint32_t console_discarded(void)
{
    return discarded;
}

int console_read(void)
{
    waiting = queue_count == 0;
    if (waiting) {
        return -1;
    }
    uint8_t byte = queue[queue_first];
    queue_first = (queue_first + 1) % CONSOLE_QUEUE_SIZE;
    queue_count--;
    full_since_us = HAL_CLOCK_NEVER;
    return byte;
}

bool console_readable(void)
{
    return queue_count > 0;
}

bool console_is_waiting(void)
{
    return waiting && queue_count == 0;
}

void console_set_size(struct console_size size)
{
    window = size;
}

struct console_size console_size(void)
{
    return window;
}

/* The UART's end may be slower than we are; the loop goes on meanwhile. */
static void write_uart(const char *data, size_t size)
{
    for (;;) {
        size_t taken = hal_uart_write(data, size);
        data += taken;
        size -= taken;
        if (size == 0) {
            return;
        }
        loop_wait(HAL_CLOCK_NEVER);
    }
}

void console_write(const char *data, size_t size)
{
    waiting = false;
    if (remote_write) {
        remote_write(data, size);
    }
    write_uart(data, size);
}

void console_set_remote(void (*write)(const char *data, size_t size))
{
    remote_write = write;
}

void console_poll(void)
{
    /* Bounded: what one poll moves is at most what fits into the queue, and one chunk more. */
    for (size_t moved = 0; moved <= CONSOLE_QUEUE_SIZE;) {
        if (uart_held_count == 0) {
            uart_held_first = 0;
            uart_held_count = hal_uart_read(uart_held, sizeof uart_held);
            if (uart_held_count == 0) {
                return;
            }
        }
        size_t taken = console_offer(uart_held + uart_held_first, uart_held_count);
        if (taken == 0) {
            return;
        }
        uart_held_first += taken;
        uart_held_count -= taken;
        moved += taken;
    }
}

void console_deadline(struct loop_deadline *deadline)
{
    if (uart_held_count > 0) {
        console_offer_deadline(deadline);
    }
}
