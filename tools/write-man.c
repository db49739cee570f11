/* Build-time only: prints the manual page prov.yaml(5) from the table that reads the file. */
#include "lab/file/schema.h"

#include <stdio.h>

int main(void)
{
	AUTO_STR page = {0};

	schema_write_man(&page);
	return fputs(str_text(&page), stdout) < 0 || fflush(stdout) != 0;
}
