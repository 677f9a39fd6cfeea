#include "net/ftp/ftp_files.h"

unsigned ftp_files_reply(int error, enum ftp_purpose purpose)
{
    switch (error) {
    case STORAGE_FULL:
        return 552;
    case STORAGE_BUSY:
    case STORAGE_TOO_MANY:
        return 450; /* the same command may succeed later */
    case STORAGE_IO:
        return 451;
    case STORAGE_DENIED:
    case STORAGE_INVALID:
    case STORAGE_NAME_TOO_LONG:
    case STORAGE_CROSS:
        return purpose == FTP_NAMING ? 553 : 550;
    default:
        return 550;
    }
}
