/* box.json: what is written is read back, and everything that a stranger may write in it is
 * checked. */
#include "base/digest.h"
#include "tests/unit/boxes/box_fixture.h"

#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEAD                              \
	"\"schema\":1,\"name\":\"debian/" \
	"12\",\"version\":\"12.1\",\"architecture\":\"x86_64\",\"user\":\"debian\""
#define TREE   "{\"kind\":\"rootfs\",\"format\":\"tree\",\"sha256\":\"" D1 "\",\"size\":10}"
#define KERNEL "{\"kind\":\"kernel\",\"format\":\"raw\",\"sha256\":\"" D2 "\",\"size\":20}"

static void nothing(void)
{
}

START_TEST(test_round_trip)
{
	const char *json =
	        "{" HEAD
	        ",\"description\":\"d\",\"cmdline\":\"quiet\",\"created\":5,\"artefacts\":[" TREE
	        "]}";
	struct box box = {0}, again = {0};
	AUTO_STR text = {0}, twice = {0};
	struct err err;
	char digest[DIGEST_HEX_LEN + 1];

	ck_ok(manifest_read(json, strlen(json), &box, &err));
	manifest_write(&box, &text);
	ck_ok(manifest_read(str_text(&text), text.len, &again, &err));
	manifest_write(&again, &twice);
	ck_assert_str_eq(str_text(&text), str_text(&twice));
	digest_bytes(str_text(&text), text.len, digest);
	ck_assert_str_eq(again.digest, digest);
	ck_assert_str_eq(again.name, "debian/12");
	ck_assert_str_eq(again.cmdline, "quiet");
	ck_assert_int_eq(again.created, 5);
	ck_assert_int_eq(box_size(&again), 10);
	ck_assert_str_eq(box_artefact(&again, "rootfs")->digest, D1);
	ck_assert_ptr_null(box_artefact(&again, "disk"));
	box_clear(&box);
	box_clear(&again);
}
END_TEST

static const struct {
	const char *json, *message;
} bad[] = {
        {"[", "the box's manifest is not JSON: line 1: ']' expected near end of file"},
        {"[]", "the box's manifest: it is not an object"},
        {"{\"schema\":1,\"schema\":1}",
                "the box's manifest is not JSON: line 1: duplicate object key near '\"schema\"'"},
        {"{}", "the box's manifest: 'schema' is missing or not a number"},
        {"{\"schema\":9}", "the box's manifest: schema 9 is newer than this prov, which knows 1"},
        {"{\"schema\":1}", "the box's manifest: 'name' is missing or not text"},
        {"{\"schema\":1,\"name\":\"a\\u0007\"}",
                "the box's manifest: 'name' is too long or has control characters"},
        {"{" HEAD "}", "the box's manifest: 'artefacts' is missing or not a list"},
        {"{" HEAD ",\"created\":\"x\"}",
                "the box's manifest: 'created' is not a number of seconds"},
        {"{" HEAD ",\"artefacts\":[]}", "the box's manifest: it has neither a rootfs nor a disk"},
        {"{" HEAD ",\"artefacts\":[7]}",
                "the box's manifest: an artefact is of the unknown kind ''"},
        {"{" HEAD ",\"artefacts\":[{\"kind\":\"rootfs\",\"format\":\"../x\"}]}",
                "the box's manifest: the rootfs has the unknown format '../x'"},
        {"{" HEAD
         ",\"artefacts\":[{\"kind\":\"rootfs\",\"format\":\"tree\",\"sha256\":\"../../x\"}]}",
                "the box's manifest: 'sha256' of the rootfs is not 64 hexadecimal digits"},
        {"{" HEAD ",\"artefacts\":[{\"kind\":\"rootfs\",\"format\":\"tree\",\"sha256\":\"" D1
         "\",\"size\":-1}]}",
                "the box's manifest: 'size' of the rootfs is not a number of bytes"},
        {"{" HEAD ",\"artefacts\":[" TREE "," TREE "]}",
                "the box's manifest: there are two artefacts of the kind 'rootfs'"},
        {"{" HEAD ",\"artefacts\":[" TREE "," KERNEL "]}",
                "the box's manifest: kernel and initrd must both be there, or neither"},
        {"{\"schema\":1,\"name\":\"../"
         "x\",\"version\":\"1\",\"architecture\":\"x\",\"user\":\"root\",\"artefacts\":[" TREE "]}",
                "the box's manifest: '../x' is not a box name"},
        {"{\"schema\":1,\"name\":\"x\",\"version\":\"1\",\"architecture\":\"x\",\"user\":\"a "
         "b\",\"artefacts\":[" TREE "]}",
                "the box's manifest: 'user' is not a user's name: 'a b'"},
};

START_TEST(test_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct box box = {0};
		struct err err = {0};
		ck_assert_msg(manifest_read(bad[i].json, strlen(bad[i].json), &box, &err) == -1,
		        "%s", bad[i].json);
		ck_assert_str_eq(err.message, bad[i].message);
		ck_assert_ptr_null(box.name);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_round_trip, test_refused};

	return suite_run("manifest", tests, ARRAY_SIZE(tests), nothing, nothing);
}
