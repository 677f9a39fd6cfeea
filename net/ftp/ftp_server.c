#include "net/ftp/ftp_server.h"
