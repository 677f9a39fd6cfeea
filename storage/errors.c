#include "storage/storage.h"

#include <string.h>

const char *storage_error_text(int error)
{
    switch (error) {
    case STORAGE_NOT_FOUND:
        return "no such file or directory";
    case STORAGE_EXISTS:
        return "file exists";
    case STORAGE_NOT_DIR:
        return "not a directory";
    case STORAGE_IS_DIR:
        return "is a directory";
    case STORAGE_NOT_EMPTY:
        return "directory not empty";
    case STORAGE_FULL:
        return "no space left";
    case STORAGE_BUSY:
        return "file is open elsewhere";
    case STORAGE_DENIED:
        return "permission denied";
    case STORAGE_NAME_TOO_LONG:
        return "name too long";
    case STORAGE_INVALID:
        return "invalid name";
    case STORAGE_TOO_MANY:
        return "too many open files";
    case STORAGE_NO_VOLUME:
        return "volume not mounted";
    case STORAGE_CROSS:
        return "on another volume";
    case STORAGE_IO:
        return "the file system is damaged there";
    case STORAGE_READ_ONLY:
        return "the card is write-protected";
    case STORAGE_NO_FILE_SYSTEM:
        return "no file system on the card that is known here, or a damaged one";
    case STORAGE_GONE:
        return "the card has been taken out";
    case STORAGE_GAP:
        return "more than 64 MiB behind the end of the file";
    default:
        return error >= 0 ? "success" : "unknown error";
    }
}

static const char *why_no_card(void)
{
    switch (storage_card()) {
    case STORAGE_CARD_DISABLED:
        return "the card's slot is not enabled; Python's SD(pins=('GP10', 'GP11', 'GP15')) "
               "does that";
    case STORAGE_CARD_ABSENT:
        return "no card in the slot";
    case STORAGE_CARD_UNREADABLE:
        return storage_error_text(STORAGE_NO_FILE_SYSTEM);
    default:
        return storage_error_text(STORAGE_NO_VOLUME);
    }
}

const char *storage_error_about(int error, const char *path)
{
    if (strncmp(path, "/sd", 3) == 0 && (path[3] == '/' || path[3] == '\0')) {
        if (error == STORAGE_NO_VOLUME) {
            return why_no_card();
        }
        if (error == STORAGE_BUSY && storage_card() == STORAGE_CARD_FORMATTING) {
            return "the card is being formatted";
        }
    }
    return storage_error_text(error);
}
