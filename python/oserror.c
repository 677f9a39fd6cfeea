/* OSError with an explanation. */
#include "python/oserror.h"

#include <string.h>

#include "py/gc.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "storage/storage.h"

_Noreturn void python_raise_oserror(int number, const char *text)
{
    if (gc_is_locked()) {
        mp_raise_OSError(number);
    }
    mp_obj_t args[] = {MP_OBJ_NEW_SMALL_INT(number), mp_obj_new_str_from_cstr(text)};
    nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, MP_ARRAY_SIZE(args), args));
}

int python_storage_errno(int error)
{
    switch (error) {
    case STORAGE_NOT_FOUND:
        return MP_ENOENT;
    case STORAGE_EXISTS:
        return MP_EEXIST;
    case STORAGE_NOT_DIR:
        return MP_ENOTDIR;
    case STORAGE_IS_DIR:
        return MP_EISDIR;
    case STORAGE_NOT_EMPTY:
        return MP_ENOTEMPTY;
    case STORAGE_FULL:
        return MP_ENOSPC;
    case STORAGE_BUSY:
        return MP_EBUSY;
    case STORAGE_DENIED:
        return MP_EACCES;
    case STORAGE_NAME_TOO_LONG:
        return MP_ENAMETOOLONG;
    case STORAGE_INVALID:
        return MP_EINVAL;
    case STORAGE_TOO_MANY:
        return MP_EMFILE;
    case STORAGE_NO_VOLUME:
        return MP_ENODEV;
    case STORAGE_CROSS:
        return MP_EXDEV;
    case STORAGE_READ_ONLY:
        return MP_EROFS;
    case STORAGE_GAP:
        return MP_EFBIG;
    case STORAGE_NO_FILE_SYSTEM:
        return MP_EINVAL; /* as mount() on other systems; apart from ENODEV, no card */
    default:
        return MP_EIO;
    }
}

static bool on_card(const char *path)
{
    return strncmp(path, "/sd", 3) == 0 && (path[3] == '/' || path[3] == '\0');
}

static const char *explain(int error, const char *path)
{
    switch (error) {
    case STORAGE_NO_VOLUME:
    case STORAGE_NO_FILE_SYSTEM:
        return on_card(path) ? storage_error_about(error, path) : NULL;
    case STORAGE_FULL:
        return on_card(path) ? "no room on /sd" : "no room on /flash";
    case STORAGE_BUSY:
        return on_card(path) && storage_card() == STORAGE_CARD_FORMATTING
                   ? storage_error_about(error, path)
                   : "it is open, or something in it: close that first";
    case STORAGE_READ_ONLY:
    case STORAGE_GONE:
    case STORAGE_GAP:
        return storage_error_text(error);
    default:
        return NULL;
    }
}

_Noreturn void python_raise_storage(int error, const char *path)
{
    int number = python_storage_errno(error);
    const char *text = explain(error, path);
    if (text == NULL) {
        mp_raise_OSError(number);
    }
    python_raise_oserror(number, text);
}

/* What vfs.c, with its table of mounts, raises (micropython.cmake). */
_Noreturn void python_raise_vfs_error(int number);
_Noreturn void python_raise_vfs_error(int number)
{
    if (number == MP_EINVAL) {
        python_raise_oserror(number, "nothing is mounted there");
    }
    if (number == MP_ENODEV) {
        python_raise_oserror(number, storage_card() == STORAGE_CARD_DISABLED
                                         ? "nothing is mounted there; for /sd call "
                                           "SD(pins=('GP10', 'GP11', 'GP15')) first"
                                         : "nothing is mounted there");
    }
    mp_raise_OSError(number);
}
