/* The boot record: which place holds which update (docs/spec.md, "Boot record"). The roles of the seed, *latest* and *previous*,
 * are over three places, of which one is always spare; a place that the record does not name may be overwritten. */
#ifndef IMAGE_BOOT_RECORD_H
#define IMAGE_BOOT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/boot.h"

#define BOOT_RECORD_STARTS_MAX 3 /* a trial that the power or the switch ended is begun again so often, all starts counted */

/* Why an update did not become the latest one. */
enum boot_failure {
    BOOT_FAILURE_NONE = 0,
    BOOT_FAILURE_INVALID = 1, /* its image was no longer valid at the boot */
    BOOT_FAILURE_FAULT = 2,
    BOOT_FAILURE_TIMEOUT = 3,
    BOOT_FAILURE_RESET = 4,
    BOOT_FAILURE_STARTS = 5, /* BOOT_RECORD_STARTS_MAX starts without a confirmation */
    BOOT_FAILURE_REPLACED = 6, /* before its trial: its place was given to another upload, which then did not come to its end */
    BOOT_FAILURES,
};

/* As it stands in flash. Places are enum hal_boot_slot; HAL_BOOT_FACTORY (0) says: none. No two of latest, previous and trial are the
 * same place. */
struct boot_record {
    uint8_t latest;   /* the update that was confirmed last */
    uint8_t previous; /* the one before */
    uint8_t trial;    /* uploaded and verified: to be tried at the next normal boot */
    uint8_t starts;   /* how often the trial was begun */
    uint8_t failed;   /* the place of the update that failed its trial last, as long as nothing else is put there */
    uint8_t failure;  /* enum boot_failure, why */
    uint8_t reserved[2];
};

enum boot_record_status {
    BOOT_RECORD_VALID,
    BOOT_RECORD_NEW,     /* never written: *record is all 0 */
    BOOT_RECORD_DAMAGED, /* neither copy is valid, or it makes no sense: *record is all 0 */
};

enum boot_record_status boot_record_read(struct boot_record *record);
/* 0, or a negative storage_error: then the old one still counts. */
int boot_record_write(const struct boot_record *record);

/* Changes of a record in RAM. */
/* trial -> latest -> previous. A latest one whose image is no longer valid (the caller looks) is no way back: then the previous one stays. */
void boot_record_confirm(struct boot_record *record, bool latest_is_valid);
void boot_record_fail(struct boot_record *record, enum boot_failure failure);    /* trial -> failed */

/* A short English phrase: "hard fault". */
const char *boot_failure_text(enum boot_failure failure);

/* "factory", "A", "B", "C". */
const char *boot_place_name(enum hal_boot_slot slot);
uint32_t boot_place_address(enum hal_boot_slot slot);
uint32_t boot_place_size(enum hal_boot_slot slot);

#endif
