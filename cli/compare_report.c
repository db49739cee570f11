#include "cli/compare_report.h"

#include "base/fs.h"
#include "compare/report.h"

#include <stdio.h>
#include <unistd.h>

#define RESULT_MAX (64 << 20)

/* A file has no width of its own. */
#define FILE_WIDTH 100

static void write_text(const struct result *result, struct str *out)
{
	report_terminal(result, FILE_WIDTH, out);
}

/* Which report an option or a file's suffix asks for; the terminal's where none does. */
static const struct format {
	const char *option, *suffix;
	void (*write)(const struct result *result, struct str *out);
} formats[] = {
        {"json", ".json", result_write_json},
        {"csv", ".csv", report_csv},
        {"markdown", ".md", report_markdown},
        {"html", ".html", report_html},
        {"", ".txt", write_text},
};

static size_t terminal_width(void)
{
	size_t width = cli_screen_width();

	return width >= 40 ? width : 100;
}

static int write_file(const char *path, const struct result *result,
        void (*write)(const struct result *, struct str *), struct err *err)
{
	AUTO_STR text = {0};

	write(result, &text);
	if (fs_replace(path, str_text(&text), text.len, 0644, err) < 0)
		return -1;
	fprintf(stderr, "written: %s\n", path);
	return 0;
}

/* -o FILE: its suffix says how; JSON, from which every other report can be made, where it says
 * nothing. */
static int write_output(const char *path, const struct result *result, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (str_ends(path, formats[i].suffix))
			return write_file(path, result, formats[i].write, err);
	return write_file(path, result, result_write_json, err);
}

/* What --json, --csv and --markdown ask for. */
static bool print_formats(const struct cli *cli, const struct result *result)
{
	bool printed = false;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		AUTO_STR text = {0};
		if (!*formats[i].option || str_eq(formats[i].option, "html") ||
		        !cli_has(cli, formats[i].option))
			continue;
		formats[i].write(result, &text);
		cli_print(&text);
		printed = true;
	}
	return printed;
}

int compare_report(const struct cli *cli, const struct result *result, struct err *err)
{
	const char *html = cli_value(cli, "html"), *output = cli_value(cli, "output");
	AUTO_STR text = {0};

	if (html && write_file(html, result, report_html, err) < 0)
		return -1;
	if (output && write_output(output, result, err) < 0)
		return -1;
	if (print_formats(cli, result))
		return 0;
	/* The whole of it is in the file. */
	if (html || output)
		report_summary(result, terminal_width(), &text);
	else
		report_terminal(result, terminal_width(), &text);
	cli_print(&text);
	return 0;
}

static int read_result(const char *path, struct result *out, struct err *err)
{
	AUTO_STR text = {0};

	if (fs_read(path, RESULT_MAX, &text, err) < 0)
		return -1;
	if (result_read_json(str_text(&text), text.len, out, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

static int show_diff(
        const struct cli *cli, const struct result *a, const struct result *b, struct err *err)
{
	const char *html = cli_value(cli, "html");
	AUTO_STR text = {0};

	if (!html) {
		report_diff_terminal(a, b, &text);
		cli_print(&text);
		return 0;
	}
	report_diff_html(a, b, &text);
	return fs_replace(html, str_text(&text), text.len, 0644, err);
}

int compare_diff(const struct cli *cli)
{
	struct result a = {0}, b = {0};
	struct err err = {0};
	int code = 0;

	if (cli->operands.n != 2)
		return cli_fail_usage(
		        cli, "--diff needs two results: compare --diff A.json B.json");
	if (read_result(cli->operands.v[0], &a, &err) < 0 ||
	        read_result(cli->operands.v[1], &b, &err) < 0 || show_diff(cli, &a, &b, &err) < 0)
		code = cli_fail(cli, &err);
	result_clear(&a);
	result_clear(&b);
	return code;
}
