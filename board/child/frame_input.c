#include "board/child/frame_input.h"

#include <string.h>

#include "lwip/pbuf.h"

#define SHORTEST 60u

void frame_input(struct netif *netif, const uint8_t *frame, size_t size)
{
    size_t padded = size < SHORTEST ? SHORTEST : size;
    struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)padded, PBUF_RAM);
    if (packet == NULL) {
        return;
    }
    memcpy(packet->payload, frame, size);
    memset((uint8_t *)packet->payload + size, 0, padded - size);
    if (netif->input(packet, netif) != ERR_OK) {
        pbuf_free(packet);
    }
}
