/* Compiled for each executable on its own (cmake/components.cmake, firmware_version()). */
#include "lib/firmware_version.h"

const char firmware_version[] = FIRMWARE_VERSION;
_Static_assert(sizeof firmware_version <= 32, "the image's header has room for 31 bytes");
