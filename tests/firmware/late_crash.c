/* The firmware with a fault when its services are up and it is about to say so. */
int __wrap_update_confirm(void);

int __wrap_update_confirm(void)
{
    __builtin_trap();
}
