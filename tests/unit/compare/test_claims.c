#include "compare/claims.h"

#include "compare/host_claims.h"
#include "compare/measure.h"
#include "tests/fake/check_util.h"
#include "tests/unit/compare/sample_fixture.h"

#include <math.h>
#include <stdio.h>

static struct err err;

/* The file that prov comes with, from the folder of the build's sources. */
static void read_own(struct claims *out)
{
	AUTO_STR text = {0};
	const char *top = getenv("PROV_TOP");
	AUTO_FREE char *path = xasprintf("%s/docs/claims.yaml", top ? top : ".");

	ck_ok(fs_read(path, 1 << 20, &text, &err));
	ck_ok(claims_read(str_text(&text), text.len, out, &err));
}

static bool has_test(const struct claim_test *tests, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(tests[i].name, name))
			return true;
	return false;
}

START_TEST(thirty_with_a_test_each)
{
	struct claims claims;

	read_own(&claims);
	ck_assert_uint_eq(claims.n, 30);
	ck_assert_uint_eq(n_claim_tests + n_claim_facts, 30);
	for (size_t i = 0; i < claims.n; i++) {
		const struct claim *c = &claims.rows[i];
		AUTO_FREE char *id = xasprintf("%zu", i + 1);
		ck_assert_str_eq(c->id, id);
		ck_assert_msg(has_test(claim_tests, n_claim_tests, c->test) ||
		                has_test(claim_facts, n_claim_facts, c->test),
		        "no test '%s'", c->test);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(claims.rows[k].test, c->test);
	}
	ck_assert_str_eq(claims.rows[0].source, "B, C");
	claims_clear(&claims);
}
END_TEST

static const struct claim_result *answer_of(const struct result *result, const char *id)
{
	for (size_t i = 0; i < result->n_claims; i++)
		if (str_eq(result->claims[i].id, id))
			return &result->claims[i];
	ck_abort_msg("no claim %s", id);
}

static void drop_claims(struct result *result)
{
	struct result only = {.claims = result->claims, .n_claims = result->n_claims};

	result_clear(&only);
	result->claims = NULL;
	result->n_claims = 0;
}

static void ck_answer(
        const struct result *result, const char *id, enum verdict verdict, const char *part)
{
	const struct claim_result *c = answer_of(result, id);

	ck_assert_msg(c->verdict == verdict, "claim %s is %s: %s", id, verdict_name(c->verdict),
	        c->figure);
	ck_has(c->figure, part);
}

START_TEST(always_with_a_figure)
{
	struct claims claims;
	struct result result;

	read_own(&claims);
	sample_result(&result, 1, 1);
	drop_claims(&result);
	measure_add(&result, "start.provision", "container", 0.05, NAN, NULL);
	measure_add(&result, "start.provision", "kvm", 0.5, NAN, NULL);
	claims_answer(&claims, &result);
	ck_assert_uint_eq(result.n_claims, 30);
	for (size_t i = 0; i < result.n_claims; i++)
		ck_assert_msg(*result.claims[i].figure, "claim %s", result.claims[i].id);
	ck_answer(&result, "8", VERDICT_CONFIRMED, "the same script, 10.0×");
	ck_answer(&result, "10", VERDICT_PARTLY, "kvm 6.1.0-41-cloud-amd64");
	ck_answer(&result, "11", VERDICT_CONFIRMED, "container 6.18.5");
	ck_answer(&result, "14", VERDICT_NOT_TESTABLE, "not measured in this run");
	ck_answer(&result, "27", VERDICT_NOT_TESTABLE, "shared folders");
	ck_answer(&result, "30", VERDICT_NOT_TESTABLE, "a second");
	result_clear(&result);
	claims_clear(&claims);
}
END_TEST

START_TEST(nothing_measured_proves_nothing)
{
	struct claims claims;
	struct result result = {0};

	read_own(&claims);
	claims_answer(&claims, &result);
	for (size_t i = 0; i < result.n_claims; i++)
		ck_assert_msg(result.claims[i].verdict == VERDICT_NOT_TESTABLE,
		        "claim %s is %s: %s", result.claims[i].id,
		        verdict_name(result.claims[i].verdict), result.claims[i].figure);
	result_clear(&result);
	claims_clear(&claims);
}
END_TEST

START_TEST(broken_files)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	        {"claims: 1\n", "1:1: the file holds no list of claims"},
	        {"claims:\n  - 1\n", "2:5: a claim is a map"},
	        {"claims:\n  - { id: 1, claim: x, test: t }\n", "2:5: a claim needs 'expect'"},
	        {"claims:\n  - { id: 1, claim: x, test: t, expect: e }\n",
	                "2:5: a claim needs 'source', a list"},
	};
	struct claims claims;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ck_fails(claims_read(rows[i].text, strlen(rows[i].text), &claims, &err), ERR_CONFIG,
		        rows[i].message);
		ck_assert_uint_eq(claims.n, 0);
	}
}
END_TEST

START_TEST(a_test_that_this_prov_does_not_have)
{
	static const char text[] =
	        "claims: [ { id: 1, claim: x, test: t, expect: e, source: [A] } ]\n";
	struct claims claims;
	struct result result = {0};

	ck_ok(claims_read(text, strlen(text), &claims, &err));
	claims_answer(&claims, &result);
	ck_answer(&result, "1", VERDICT_NOT_TESTABLE, "this prov has no test 't'");
	result_clear(&result);
	claims_clear(&claims);
}
END_TEST

START_TEST(tried_on_this_host)
{
	static const char *const ids[] = {"claim.chroot.escape", "claim.chroot.processes",
	        "claim.namespace.uts", "claim.namespace.end"};
	struct result result = {0};

	host_claims(&result);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		const struct fact *fact = result_fact_of(&result, ids[i], "host");
		ck_assert_msg(fact != NULL, "%s", ids[i]);
		if (str_starts(fact->value, "not tried"))
			printf("SKIP %s: %s\n", ids[i], fact->value);
		else if (str_eq(ids[i], "claim.namespace.uts"))
			ck_assert_str_eq(fact->value, "no: only the host name");
		else
			ck_assert_msg(str_starts(fact->value, "yes") ||
			                str_starts(fact->value, "all of the host: "),
			        "%s: %s", ids[i], fact->value);
	}
	result_clear(&result);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {thirty_with_a_test_each, always_with_a_figure,
	        nothing_measured_proves_nothing, broken_files, a_test_that_this_prov_does_not_have,
	        tried_on_this_host};

	return suite_run("claims", tests, ARRAY_SIZE(tests), NULL, NULL);
}
