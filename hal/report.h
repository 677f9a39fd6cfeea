/* A line to the outside that says what the firmware is doing: the debug mailbox that `status` shows. Has no effect on the MCU. */
#ifndef HAL_REPORT_H
#define HAL_REPORT_H

enum hal_report_item {
    HAL_REPORT_STATE,        /* "running" once the services are up; until then the board says "bootloader" */
    HAL_REPORT_BOOT_MODE,    /* "normal", "safe" */
    HAL_REPORT_BOOT_IMAGE,   /* role: "latest", "previous", "factory" */
    HAL_REPORT_BOOT_VERSION, /* "1.0.0" */
    HAL_REPORT_LED_PATTERN,  /* "heartbeat", "off", "error", ... */
    HAL_REPORT_WLAN_MODE,    /* "ap", "sta" */
    HAL_REPORT_WLAN_SSID,
    HAL_REPORT_WLAN_IP,
    HAL_REPORT_NOTICE,       /* one line for the person at the board, e.g. "/flash cannot be mounted: ..." */
    HAL_REPORT_ITEMS,
};

/* `text`: NUL-terminated UTF-8; the board keeps the first HAL_REPORT_TEXT_MAX bytes. */
#define HAL_REPORT_TEXT_MAX 160
void hal_report(enum hal_report_item item, const char *text);

#endif
