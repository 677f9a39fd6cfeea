/* Who may log in: shared by telnet and FTP. */
#ifndef NET_LOGIN_LOGIN_H
#define NET_LOGIN_LOGIN_H

#include <stdbool.h>

#define LOGIN_TEXT_MAX 64 /* bytes of a user name or password, without NUL */

/* Whether `user` and `password` (NUL-terminated) are the WiPy's; compares in constant time.
 * Factory: micro, python. */
bool login_check(const char *user, const char *password);

/* Another user name and password, until the next hard reset; sessions that are open stay. False:
 * one of them is empty or longer than LOGIN_TEXT_MAX, or holds control characters, which nobody can type;
 * nothing has changed. */
bool login_set(const char *user, const char *password);

#endif
