/* The least that a process can be: what `prov version` is measured against. */
int main(void)
{
	return 0;
}
