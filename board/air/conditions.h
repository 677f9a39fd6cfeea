/* How bad the air of a place is: `conditions.json`, set by `wipy air DIR set`, read by every access point of the place when it starts and
 * when somebody knocks at it, as air_conditions_write() does.
 * They hold for each frame that an access point takes in from a member, and for each that it hands to one, so a frame between two stations meets them twice. */
#ifndef BOARD_AIR_CONDITIONS_H
#define BOARD_AIR_CONDITIONS_H

#include "board/air/place.h"

#define CONDITIONS_FILE    "conditions.json"
#define CONDITIONS_CUT_MAX 64

struct air_conditions {
    double loss;        /* 0 to 1: share of frames that are lost */
    uint32_t delay_ms;  /* 0 to 10000, real time */
    uint32_t jitter_ms; /* 0 to delay_ms: delay +- so much, uniformly; order is kept */
    uint32_t rate_kbps; /* 0: as fast as it goes */
    uint8_t cut[CONDITIONS_CUT_MAX][6]; /* stations and access points whose link is cut: they neither join nor stay */
    unsigned cut_count;
};

/* What is not set has its default: none of it. A file that cannot be read or makes no sense: all defaults, and -1 with one clear line in `error`. */
int air_conditions_read(struct air_conditions *conditions, const struct air_place *place, char *error, size_t error_size);
/* Replaces the file whole, and lets every access point of the place know. 0 or -errno. */
int air_conditions_write(const struct air_conditions *conditions, const struct air_place *place);
/* "loss=1%", "delay=20ms", "jitter=5ms", "rate=1000kbps", "cut=MAC", "restore=MAC", "clear". 0 or -1 with one clear line in `error`. */
int air_conditions_parse(struct air_conditions *conditions, const char *setting, char *error, size_t error_size);
bool air_conditions_is_cut(const struct air_conditions *conditions, const uint8_t mac[6]);

#endif
