/* Files of Python: stream objects over storage's handles. */
#include <string.h>

#include "py/gc.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "python/oserror.h"
#include "python/vfs_storage.h"
#include "storage/storage.h"

/* A long read or write is done in pieces of this size, and the loop is polled in between. */
#define PIECE 16384u

typedef struct {
    mp_obj_base_t base;
    struct storage_file *file; /* NULL: closed */
    bool reads_only;
    char path[];
} file_obj_t;

/* What Python has open. Finalisers close forgotten files; this list closes them whatever state the
 * heap is in. */
static file_obj_t *open_files[STORAGE_OPEN_FILES];

static const mp_obj_type_t file_type_binary;
static const mp_obj_type_t file_type_text;

static void remember(const file_obj_t *old, file_obj_t *new)
{
    for (size_t i = 0; i < STORAGE_OPEN_FILES; i++) {
        if (open_files[i] == old) {
            open_files[i] = new;
            return;
        }
    }
}

static int close_file(file_obj_t *self)
{
    if (self->file == NULL) {
        return STORAGE_OK;
    }
    struct storage_file *file = self->file;
    self->file = NULL;
    remember(self, NULL);
    return storage_close(file);
}

void python_close_files(void)
{
    for (size_t i = 0; i < STORAGE_OPEN_FILES; i++) {
        if (open_files[i] != NULL) {
            close_file(open_files[i]); /* an error has nobody to go to: the program is gone */
        }
    }
    python_close_dirs();
}

void python_sync_files(void)
{
    for (size_t i = 0; i < STORAGE_OPEN_FILES; i++) {
        if (open_files[i] != NULL) {
            int result = storage_sync(open_files[i]->file);
            if (result < 0) {
                python_raise_storage(result, open_files[i]->path);
            }
        }
    }
}

void python_release_file(const char *path)
{
    gc_collect();
    for (size_t i = 0; i < STORAGE_OPEN_FILES; i++) {
        file_obj_t *self = open_files[i];
        if (self != NULL && self->reads_only && strcmp(self->path, path) == 0) {
            close_file(self);
        }
    }
}

/* Python's mode string as storage's mode and the type of the file object; raises ValueError. */
static unsigned parse_mode(const char *text, const mp_obj_type_t **type)
{
    unsigned mode = 0;
    *type = &file_type_text;
    for (; *text != '\0'; text++) {
        unsigned basic = 0;
        switch (*text) {
        case 'r':
            basic = STORAGE_READ;
            break;
        case 'w':
            basic = STORAGE_WRITE | STORAGE_CREATE | STORAGE_TRUNCATE;
            break;
        case 'x':
            basic = STORAGE_WRITE | STORAGE_CREATE | STORAGE_EXCLUSIVE;
            break;
        case 'a':
            basic = STORAGE_WRITE | STORAGE_CREATE | STORAGE_APPEND;
            break;
        case '+':
            mode |= STORAGE_READ | STORAGE_WRITE;
            break;
        case 'b':
            *type = &file_type_binary;
            break;
        case 't':
            break;
        default:
            mp_raise_ValueError(MP_ERROR_TEXT("invalid mode"));
        }
        if (basic != 0 && mode != 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("invalid mode"));
        }
        mode |= basic;
    }
    return mode != 0 ? mode : STORAGE_READ;
}

mp_obj_t python_file_open(const char *path, const char *mode_text)
{
    const mp_obj_type_t *type;
    unsigned mode = parse_mode(mode_text, &type);
    size_t path_size = strlen(path) + 1;
    file_obj_t *self = mp_obj_malloc_var_with_finaliser(file_obj_t, char, path_size, type);
    self->file = NULL;
    self->reads_only = mode == STORAGE_READ;
    memcpy(self->path, path, path_size);
    struct storage_file *file;
    int result = storage_open(&file, path, mode);
    if (result == STORAGE_TOO_MANY || result == STORAGE_BUSY) {
        python_release_file(path);
        result = storage_open(&file, path, mode);
    }
    if (result < 0) {
        python_raise_storage(result, path);
    }
    self->file = file;
    remember(NULL, self);
    return MP_OBJ_FROM_PTR(self);
}

static void file_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind)
{
    mp_printf(print, "<io.%s>", mp_obj_get_type_str(self_in));
}

static _Noreturn void fail(mp_obj_t self_in, int error)
{
    const file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    python_raise_storage(error, self->path);
}

static struct storage_file *file_get(mp_obj_t self_in)
{
    file_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->file == NULL) {
        mp_raise_ValueError(MP_ERROR_TEXT("I/O operation on closed file"));
    }
    return self->file;
}

static mp_uint_t file_read(mp_obj_t self_in, void *data, mp_uint_t size, int *error)
{
    struct storage_file *file = file_get(self_in);
    mp_uint_t done = 0;
    while (done < size) {
        uint32_t piece = (uint32_t)MIN(size - done, PIECE);
        int32_t count = storage_read(file, (uint8_t *)data + done, piece);
        if (count < 0) {
            fail(self_in, count);
        }
        done += (mp_uint_t)count;
        if ((uint32_t)count < piece) {
            break;
        }
        python_poll_pending();
    }
    return done;
}

static mp_uint_t file_write(mp_obj_t self_in, const void *data, mp_uint_t size, int *error)
{
    struct storage_file *file = file_get(self_in);
    mp_uint_t done = 0;
    while (done < size) {
        uint32_t piece = (uint32_t)MIN(size - done, PIECE);
        int32_t count = storage_write(file, (const uint8_t *)data + done, piece);
        if (count < 0) {
            fail(self_in, count);
        }
        done += (mp_uint_t)count;
        python_poll_pending();
    }
    return done;
}

static mp_uint_t file_seek(mp_obj_t self_in, struct mp_stream_seek_t *seek, int *error)
{
    if (seek->whence < 0 || seek->whence > 2) {
        *error = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    static const enum storage_whence whences[] = {STORAGE_SEEK_SET, STORAGE_SEEK_CUR,
                                                  STORAGE_SEEK_END};
    int64_t position = storage_seek(file_get(self_in), seek->offset, whences[seek->whence]);
    if (position < 0) {
        fail(self_in, (int)position);
    }
    seek->offset = (mp_off_t)position;
    return 0;
}

static mp_uint_t file_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *error)
{
    int result;
    switch (request) {
    case MP_STREAM_CLOSE:
        result = close_file(MP_OBJ_TO_PTR(self_in));
        break;
    case MP_STREAM_FLUSH:
        result = storage_sync(file_get(self_in));
        break;
    case MP_STREAM_SEEK:
        return file_seek(self_in, (struct mp_stream_seek_t *)arg, error);
    default:
        *error = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    if (result < 0) {
        fail(self_in, result);
    }
    return 0;
}

/* The program gave the file up and is told nothing: an error could only be printed in the midst of
 * something else. */
static mp_obj_t file_del(mp_obj_t self_in)
{
    close_file(MP_OBJ_TO_PTR(self_in));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(file_del_obj, file_del);

/* truncate(size=current position) */
static mp_obj_t file_truncate(size_t n_args, const mp_obj_t *args)
{
    struct storage_file *file = file_get(args[0]);
    int64_t size = n_args == 2 ? mp_obj_get_int(args[1]) : storage_tell(file);
    if (size < 0) {
        fail(args[0], n_args == 2 ? STORAGE_INVALID : (int)size);
    }
    int result = storage_truncate(file, (uint64_t)size);
    if (result < 0) {
        fail(args[0], result);
    }
    return mp_obj_new_int_from_ll(size);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(file_truncate_obj, 1, 2, file_truncate);

static const mp_rom_map_elem_t file_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_readlines), MP_ROM_PTR(&mp_stream_unbuffered_readlines_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_flush), MP_ROM_PTR(&mp_stream_flush_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj)},
    {MP_ROM_QSTR(MP_QSTR_seek), MP_ROM_PTR(&mp_stream_seek_obj)},
    {MP_ROM_QSTR(MP_QSTR_tell), MP_ROM_PTR(&mp_stream_tell_obj)},
    {MP_ROM_QSTR(MP_QSTR_truncate), MP_ROM_PTR(&file_truncate_obj)},
    {MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&file_del_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mp_stream___exit___obj)},
};
static MP_DEFINE_CONST_DICT(file_locals, file_locals_table);

static const mp_stream_p_t binary_protocol = {
    .read = file_read,
    .write = file_write,
    .ioctl = file_ioctl,
};

static const mp_stream_p_t text_protocol = {
    .read = file_read,
    .write = file_write,
    .ioctl = file_ioctl,
    .is_text = true,
};

static MP_DEFINE_CONST_OBJ_TYPE(file_type_binary, MP_QSTR_FileIO, MP_TYPE_FLAG_ITER_IS_STREAM,
                                print, file_print, protocol, &binary_protocol, locals_dict,
                                &file_locals);

static MP_DEFINE_CONST_OBJ_TYPE(file_type_text, MP_QSTR_TextIOWrapper, MP_TYPE_FLAG_ITER_IS_STREAM,
                                print, file_print, protocol, &text_protocol, locals_dict,
                                &file_locals);
