/* report: a result of compare as one self-contained page. */
#include "cli/cli.h"

#include "base/fs.h"
#include "compare/merge.h"
#include "compare/report.h"

#include <stdio.h>

#define RESULT_MAX (64 << 20)

static int add_figures(const char *from, struct result *result, struct err *err)
{
	struct result found = {0};

	if (!from)
		return 0;
	int rc = merge_read_file(from, &found, err);
	if (rc == 0)
		rc = merge_add(result, &found, err);
	result_clear(&found);
	return rc;
}

static int make_page(const char *from, const char *with, const char *to, struct err *err)
{
	struct result result = {0};
	AUTO_STR json = {0};
	AUTO_STR page = {0};

	if (fs_read(from, RESULT_MAX, &json, err) < 0)
		return -1;
	int rc = result_read_json(str_text(&json), json.len, &result, err);
	if (rc < 0)
		err_wrap(err, "'%s'", from);
	else
		rc = add_figures(with, &result, err);
	if (rc == 0)
		report_html(&result, &page);
	result_clear(&result);
	if (rc < 0)
		return -1;
	if (to)
		return fs_replace(to, str_text(&page), page.len, 0644, err);
	cli_print(&page);
	return 0;
}

static int run_report(struct cli *cli)
{
	struct err err = {0};
	int code = cli_check_operands(cli, 1, 1);

	if (code)
		return code;
	if (make_page(cli->operands.v[0], cli_value(cli, "with"), cli_value(cli, "output"), &err) <
	        0)
		return cli_fail(cli, &err);
	if (cli_value(cli, "output") && !cli_has(cli, "quiet"))
		fprintf(stderr, "written: %s\n", cli_value(cli, "output"));
	return 0;
}

static const struct option_row options_of_report[] = {
        {0, "with", "FILE.csv", "add the figures of a file that tools/bench-peers wrote"},
        {'o', "output", "FILE", "write the page to FILE instead of printing it"},
};

const struct command cmd_report = {
        .name = "report",
        .usage = "FILE.json",
        .summary = "make a page of a result of compare",
        .options = options_of_report,
        .n_options = ARRAY_SIZE(options_of_report),
        .run = run_report,
};
