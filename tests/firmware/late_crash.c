/* The firmware with a fault when its services are up and it is about to say so. */
void __wrap_update_confirm(void);

void __wrap_update_confirm(void)
{
    __builtin_trap();
}
