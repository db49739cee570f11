/*
 * Key pairs by libssh. The private key leaves it in OpenSSH's format (openssh: PROTOCOL.key);
 * dropbear reads only its own, which is made of the same 64 bytes.
 */
#include "transports/ssh/module.h"

#include "base/str.h"

#include <libssh/libssh.h>
#include <stdlib.h>
#include <string.h>

#define KEY_TYPE "ssh-ed25519"

struct cursor {
	const unsigned char *at;
	size_t left;
};

static bool take_u32(struct cursor *c, uint32_t *out)
{
	if (c->left < 4)
		return false;
	*out = (uint32_t)c->at[0] << 24 | (uint32_t)c->at[1] << 16 | (uint32_t)c->at[2] << 8 |
	        c->at[3];
	c->at += 4;
	c->left -= 4;
	return true;
}

static bool take_string(struct cursor *c, struct cursor *out)
{
	uint32_t n;

	if (!take_u32(c, &n) || n > c->left)
		return false;
	*out = (struct cursor){c->at, n};
	c->at += n;
	c->left -= n;
	return true;
}

static int base64_value(char c)
{
	static const char alphabet[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(alphabet, c) : NULL;

	return found ? (int)(found - alphabet) : -1;
}

/* The bytes between the BEGIN and END lines; out has room for 3 bytes of every 4 characters. */
static size_t decode_pem(const char *pem, unsigned char *out)
{
	const char *p = strchr(pem, '\n');
	uint32_t bits = 0;
	size_t n = 0, n_bits = 0;

	for (; p && *p && *p != '-'; p++) {
		int value = base64_value(*p);
		if (value < 0)
			continue;
		bits = bits << 6 | (uint32_t)value;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (unsigned char)(bits >> n_bits & 0xff);
		}
	}
	return n;
}

/* Finds the 64 bytes secret || public of an unencrypted OpenSSH key. */
static bool find_secret(struct cursor blob, struct cursor *secret)
{
	static const char magic[] = "openssh-key-v1"; /* its NUL belongs to it */
	struct cursor cipher, skipped, private, type;
	uint32_t n_keys, check[2];

	if (blob.left < sizeof(magic) || memcmp(blob.at, magic, sizeof(magic)) != 0)
		return false;
	blob.at += sizeof(magic);
	blob.left -= sizeof(magic);
	return take_string(&blob, &cipher) && cipher.left == 4 &&
	        memcmp(cipher.at, "none", 4) == 0 && take_string(&blob, &skipped) &&
	        take_string(&blob, &skipped) && take_u32(&blob, &n_keys) && n_keys == 1 &&
	        take_string(&blob, &skipped) && take_string(&blob, &private) &&
	        take_u32(&private, &check[0]) && take_u32(&private, &check[1]) &&
	        check[0] == check[1] && take_string(&private, &type) &&
	        type.left == strlen(KEY_TYPE) && memcmp(type.at, KEY_TYPE, type.left) == 0 &&
	        take_string(&private, &skipped) && take_string(&private, secret) &&
	        secret->left == 64;
}

static void put_string(unsigned char **at, const void *bytes, size_t n)
{
	unsigned char *p = *at;

	p[0] = p[1] = 0;
	p[2] = (unsigned char)(n >> 8);
	p[3] = (unsigned char)n;
	memcpy(p + 4, bytes, n);
	*at = p + 4 + n;
}

static int to_dropbear(struct key_pair *pair, struct err *err)
{
	size_t n = strlen(pair->private_key);
	unsigned char *blob = xmalloc(n);
	struct cursor secret;
	bool found =
	        find_secret((struct cursor){blob, decode_pem(pair->private_key, blob)}, &secret);

	if (found) {
		pair->dropbear_n = 4 + strlen(KEY_TYPE) + 4 + secret.left;
		pair->dropbear = xmalloc(pair->dropbear_n);
		unsigned char *at = pair->dropbear;
		put_string(&at, KEY_TYPE, strlen(KEY_TYPE));
		put_string(&at, secret.at, secret.left);
	}
	explicit_bzero(blob, n);
	free(blob);
	return found ? 0
	             : err_set(err, ERR_FAILED, "libssh wrote an ed25519 key in an unknown format");
}

/* libssh may leave out the newline behind the END line, without which OpenSSH refuses the file. */
static char *with_newline(const char *text)
{
	return xasprintf("%s%s", text, str_ends(text, "\n") ? "" : "\n");
}

static int export_key(ssh_key key, const char *comment, struct key_pair *out, struct err *err)
{
	char *private = NULL, *public = NULL;
	int rc = -1;

	if (ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, &private) == SSH_OK &&
	        ssh_pki_export_pubkey_base64(key, &public) == SSH_OK) {
		out->private_key = with_newline(private);
		out->public_line = xasprintf("%s %s %s\n", KEY_TYPE, public, comment);
		rc = to_dropbear(out, err);
	} else {
		err_set(err, ERR_FAILED, "libssh cannot export an ed25519 key");
	}
	if (private)
		explicit_bzero(private, strlen(private));
	ssh_string_free_char(private);
	ssh_string_free_char(public);
	return rc;
}

static int generate(const char *comment, struct key_pair *out, struct err *err)
{
	struct key_pair pair = {0};
	ssh_key key = NULL;

	if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK)
		return err_set(err, ERR_FAILED, "libssh cannot make an ed25519 key");
	int rc = export_key(key, comment, &pair, err);
	ssh_key_free(key);
	if (rc < 0)
		key_pair_clear(&pair);
	else
		*out = pair;
	return rc;
}

const struct key_ops prov_keys = {.generate = generate};
