#include "net/ftp/ftp_files.h"

unsigned ftp_files_reply(int error, enum ftp_purpose purpose)
{
    switch (error) {
    case STORAGE_FULL:
    case STORAGE_GAP:
    case FTP_FILES_TOO_LARGE:
    case FTP_FILES_BESIDE:
        return 552;
    case STORAGE_BUSY:
    case STORAGE_TOO_MANY:
    case FTP_FILES_LATER:
        return 450; /* the same command may succeed later */
    case STORAGE_IO:
    case STORAGE_GONE:
    case FTP_FILES_FAILED:
        return 451;
    case FTP_FILES_BEYOND:
        return 554; /* RFC 1123 section 4.1.3.4 */
    case STORAGE_DENIED:
    case STORAGE_INVALID:
    case STORAGE_NAME_TOO_LONG:
    case STORAGE_CROSS:
    case FTP_FILES_REFUSED:
    case FTP_FILES_NO_TEXT:
    case FTP_FILES_FOLDER:
        return purpose == FTP_NAMING ? 553 : 550;
    case STORAGE_NOT_DIR:
        return purpose == FTP_MLSD ? 501 : 550;
    default:
        return 550;
    }
}

const char *ftp_files_reason(const struct ftp_files *files, int error)
{
    switch (error) {
    case FTP_FILES_BEYOND:
        return "the file ends before the offset of REST";
    case FTP_FILES_NO_TEXT:
        return "names are UTF-8 without control characters";
    case FTP_FILES_BESIDE:
        return "no space left beside the old file, which stays until the new one is complete: "
               "delete it first if the new one fits then";
    case FTP_FILES_FOLDER:
        return "a name with '/' at its end is a folder's";
    default:
        return error <= FTP_FILES_REFUSED ? files->words() : storage_error_text(error);
    }
}
