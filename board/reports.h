/* What the firmware reports of itself (hal/report.h): shown in `status`. */
#ifndef BOARD_REPORTS_H
#define BOARD_REPORTS_H

#include <stddef.h>
#include <stdint.h>

#include "hal/report.h"

#define REPORTS_NOTICES 16u /* so many notices are kept; the oldest is forgotten first */

struct reports {
    char items[HAL_REPORT_ITEMS]
              [HAL_REPORT_TEXT_MAX + 1]; /* "": not reported; NOTICE is the last one */
    char notices[REPORTS_NOTICES][HAL_REPORT_TEXT_MAX + 1];
    uint32_t notice_count; /* since the hard reset */
};

/* Forget everything, at a hard reset. */
void reports_clear(struct reports *reports);

/* Keep a report; `text` has `size` bytes and comes from the MCU. `item` is less than
 * HAL_REPORT_ITEMS. */
void reports_set(struct reports *reports, enum hal_report_item item, const char *text, size_t size);

/* Notice number `index` of those that are kept, 0 the oldest; NULL: there are no more. */
const char *reports_notice(const struct reports *reports, uint32_t index);

#endif
