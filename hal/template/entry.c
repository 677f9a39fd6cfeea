/* Where a machine would begin: a port's own start-up code sets up RAM first. */
int main(void);
void entry(void);

void entry(void)
{
    main();
}
