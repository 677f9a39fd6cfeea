#include "net/stack/frames.h"

#include "hal/radio.h"

/* Two bytes before the Ethernet header of 14 align what follows it. */
#define FRAME_PAD 2

struct frame {
    struct pbuf_custom pbuf; /* first: lwIP gives it back as a pointer to the frame */
    struct frame *next_free;
    uint32_t space[(FRAME_PAD + HAL_RADIO_FRAME_MAX + 3) / 4];
};

static struct frame frames[FRAMES_COUNT];
static struct frame *free_list; /* used before, last in first out, so that few frames stay in use
                                   (and in the cache) */
static size_t untouched = FRAMES_COUNT;
static size_t free_count = FRAMES_COUNT;

static void give_back(struct pbuf *pbuf)
{
    struct frame *frame = (struct frame *)(void *)pbuf;
    frame->next_free = free_list;
    free_list = frame;
    free_count++;
}

struct pbuf *frames_take(void)
{
    struct frame *frame = free_list;
    if (frame != NULL) {
        free_list = frame->next_free;
    } else if (untouched > 0) {
        frame = &frames[FRAMES_COUNT - untouched];
        untouched--;
    } else {
        return NULL;
    }
    free_count--;
    frame->pbuf.custom_free_function = give_back;
    return pbuf_alloced_custom(PBUF_RAW, HAL_RADIO_FRAME_MAX, PBUF_REF, &frame->pbuf,
                               (uint8_t *)frame->space + FRAME_PAD, HAL_RADIO_FRAME_MAX);
}

size_t frames_free(void)
{
    return free_count;
}
