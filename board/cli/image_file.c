#include "board/cli/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int image_file_open(struct image_file *file, const char *path)
{
    struct stat status;
    /* Who opens a named pipe would wait for somebody to write to it. */
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &status) < 0) {
        return -1;
    }
    if (!S_ISREG(status.st_mode)) {
        image_file_close(file);
        errno = S_ISDIR(status.st_mode) ? EISDIR : ESPIPE;
        return -1;
    }
    file->size = status.st_size > UINT32_MAX ? UINT32_MAX : (uint32_t)status.st_size;
    return 0;
}

void image_file_close(struct image_file *file)
{
    close(file->fd);
    file->fd = -1;
}

int image_file_read(void *context, uint32_t offset, void *data, uint32_t size)
{
    const struct image_file *file = context;
    uint8_t *bytes = data;
    while (size > 0) {
        ssize_t n = pread(file->fd, bytes, size, offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return -1;
        }
        bytes += n;
        offset += (uint32_t)n;
        size -= (uint32_t)n;
    }
    return 0;
}

int image_file_check(struct image_file *file, uint32_t target, struct image_header *header)
{
    struct image_source source = {.read = image_file_read, .context = file};
    return image_check(&source, file->size, target, header);
}
