#include "providers/kvm/cards.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <stdlib.h>

static const char two[] = "<domain>\n"
                          "  <interface type='network'>\n"
                          "    <mac address='52:54:00:00:00:01'/>\n"
                          "    <target dev='vnet1'/>\n"
                          "  </interface>\n"
                          "  <interface type='network'>\n"
                          "    <mac address='52:54:00:00:00:02'/>\n"
                          "    <link state='down'/>\n"
                          "    <target dev='vnet2'/>\n"
                          "  </interface>\n"
                          "</domain>\n";

START_TEST(cards_are_read_with_their_links)
{
	AUTO_CARDS cards = {0};

	cards_parse(two, &cards);
	ck_assert_uint_eq(cards.n, 2);
	ck_assert(!cards_find(&cards, "52:54:00:00:00:01")->down);
	ck_assert(cards_find(&cards, "52:54:00:00:00:02")->down);
	ck_assert_str_eq(cards_find(&cards, "52:54:00:00:00:02")->device, "vnet2");
	ck_assert_ptr_null(cards_find(&cards, "52:54:00:00:00:03"));
}
END_TEST

START_TEST(a_link_changes_and_nothing_else)
{
	AUTO_CARDS cards = {0};

	cards_parse(two, &cards);
	AUTO_FREE char *down = card_with_link(&cards.v[0], false);
	AUTO_FREE char *up = card_with_link(&cards.v[1], true);
	ck_assert_str_eq(down,
	        "<interface type='network'>\n"
	        "    <mac address='52:54:00:00:00:01'/>\n"
	        "    <target dev='vnet1'/>\n"
	        "  <link state='down'/></interface>");
	ck_assert_str_eq(up,
	        "<interface type='network'>\n"
	        "    <mac address='52:54:00:00:00:02'/>\n"
	        "    <link state='up'/>\n"
	        "    <target dev='vnet2'/>\n"
	        "  </interface>");
}
END_TEST

START_TEST(what_is_cut_off_is_no_card)
{
	AUTO_CARDS cards = {0};

	cards_parse("<interface type='network'><mac address='52:54'/></interface>"
	            "<interface type='network'><mac address='52:54:00:00:00:01'/>",
	        &cards);
	ck_assert_uint_eq(cards.n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kvm cards");
	TCase *t = tcase_create("cards");

	tcase_add_test(t, cards_are_read_with_their_links);
	tcase_add_test(t, a_link_changes_and_nothing_else);
	tcase_add_test(t, what_is_cut_off_is_no_card);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
