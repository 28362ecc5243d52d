/* send_maildir.c - the transport maildir:DIR: a mail is written to tmp/, synced, and renamed into new/. Lines end with
 * LF as in every Maildir; the envelope stands in front in Return-Path and Delivered-To. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>
#include "forumd/base/clock.h"
#include "forumd/base/rnd.h"
#include "gateways/out/send.h"

static bool make_dirs(const char *dir) {
	static const char *const subs[] = { "", "/tmp", "/new", "/cur" };
	char path[4096];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s%s", dir, subs[i]);
		if (mkdir(path, 0700) && errno != EEXIST)
			return false;
	}
	return true;
}

static void make_text(const struct send_request *r, struct buf *out) {
	buf_addf(out, "Return-Path: <%.*s>\nDelivered-To: %.*s\n", SLICE_ARG(r->sender), SLICE_ARG(r->recipient));
	for (size_t i = 0; i < r->message.n;) {
		struct slice rest = slice_from(r->message, i);
		ptrdiff_t end = slice_find(rest, SLICE("\r\n"));

		buf_add_slice(out, end < 0 ? rest : slice_to(rest, (size_t)end));
		if (end < 0)
			break;
		buf_addc(out, '\n');
		i += (size_t)end + 2;
	}
}

static bool write_file(const char *path, struct slice s) {
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good = fd >= 0;

	while (good && s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		good = n > 0;
		if (good)
			s = slice_from(s, (size_t)n);
	}
	good = good && !fsync(fd);
	if (fd >= 0)
		close(fd);
	return good;
}

static void sync_dir(const char *path) {
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

enum send_class send_maildir(const struct send_options *o, const struct send_request *r, struct buf *text) {
	const char *dir = o->transport + strlen("maildir:");
	char name[64], tmp[4096], new[4096], newdir[4096];
	struct buf mail = { 0 };
	bool good;

	snprintf(name, sizeof name, "%lld.Q%llu.%016llx", (long long)clock_now(), (unsigned long long)r->id,
		(unsigned long long)rnd_u64());
	snprintf(tmp, sizeof tmp, "%s/tmp/%s", dir, name);
	snprintf(newdir, sizeof newdir, "%s/new", dir);
	snprintf(new, sizeof new, "%s/new/%s", dir, name);
	make_text(r, &mail);
	good = make_dirs(dir) && write_file(tmp, buf_slice(&mail)) && !rename(tmp, new);
	buf_addf(text, "maildir: %s", good ? "written" : strerror(errno));
	buf_free(&mail);
	if (!good) {
		unlink(tmp);
		return SEND_DOWN;
	}
	sync_dir(newdir);
	return SEND_DONE;
}
