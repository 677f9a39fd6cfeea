#include "board/reports.h"

#include <string.h>

#include "board/text.h"

void reports_clear(struct reports *reports)
{
    memset(reports, 0, sizeof *reports);
}

void reports_set(struct reports *reports, enum hal_report_item item, const char *text, size_t size)
{
    char *kept = reports->items[item];
    text_clean(kept, sizeof reports->items[item], text, size);
    if (item == HAL_REPORT_NOTICE) {
        strcpy(reports->notices[reports->notice_count % REPORTS_NOTICES], kept);
        reports->notice_count++;
    }
}

const char *reports_notice(const struct reports *reports, uint32_t index)
{
    uint32_t count = reports->notice_count;
    uint32_t first = count > REPORTS_NOTICES ? count - REPORTS_NOTICES : 0;
    return index < count - first ? reports->notices[(first + index) % REPORTS_NOTICES] : NULL;
}
