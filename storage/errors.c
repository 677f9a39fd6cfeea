#include "storage/internal.h"

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
    default:
        return error >= 0 ? "success" : "unknown error";
    }
}

int storage_error_from_lfs(int result)
{
    switch (result) {
    case LFS2_ERR_NOENT:
        return STORAGE_NOT_FOUND;
    case LFS2_ERR_EXIST:
        return STORAGE_EXISTS;
    case LFS2_ERR_NOTDIR:
        return STORAGE_NOT_DIR;
    case LFS2_ERR_ISDIR:
        return STORAGE_IS_DIR;
    case LFS2_ERR_NOTEMPTY:
        return STORAGE_NOT_EMPTY;
    case LFS2_ERR_FBIG:
    case LFS2_ERR_NOSPC:
        return STORAGE_FULL;
    case LFS2_ERR_NAMETOOLONG:
        return STORAGE_NAME_TOO_LONG;
    case LFS2_ERR_INVAL:
        return STORAGE_INVALID;
    default:
        return result < 0 ? STORAGE_IO : result;
    }
}
