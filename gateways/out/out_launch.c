/* out_launch.c - forumd-send by way of the launcher (forumd/run/launch.h). */
#include <fcntl.h>
#include "forumd/run/launch.h"
#include "gateways/out/out_private.h"

int out_launch(struct config *c, struct fail *f) {
	int e = launch_start(f);

	return e > 0 && *c->outgoing_transport ? launch_has(LAUNCH_SEND, f) : e;
}

int out_launch_sender(const struct config *c) {
	const char *args[] = { c->outgoing_transport, c->outgoing_tls, c->outgoing_user, c->outgoing_password_file };
	int fd = launch(LAUNCH_SEND, args, 4);

	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}
