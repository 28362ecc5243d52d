/* Landlock holds for the calling thread and those it starts later: workers and password threads, which handle what
 * comes from outside, are started after it. The system call filter is put on all threads at once. */
#include "forumd/drop.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "forumd/base/log.h"
#include "forumd/base/mem.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

void drop_raise_files(void) {
	struct rlimit r;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		log_warn("forumd", "cannot raise the limit of open files: %s", strerror(errno));
}

int drop_user(const char *user, struct fail *f) {
	if (!*user || geteuid() != 0)
		return 1;
	struct passwd *p = getpwnam(user);
	if (!p)
		return fail_set(f, ERR_INVALID, "user = \"%s\": no such account", user);
	if (initgroups(user, p->pw_gid) < 0 || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) < 0 ||
	    setresuid(p->pw_uid, p->pw_uid, p->pw_uid) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "cannot become user %s: %s", user, strerror(errno));
	if (p->pw_uid != 0 && setuid(0) == 0)
		bug("root again after changing to %s", user);
	return 1;
}

/* ---- Landlock ---- */

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ALL_RIGHTS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)      /* of the first version of the interface */
#define WRITE_RIGHTS (ALL_RIGHTS & \
	~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK))

static void allow(int rules, const char *path, uint64_t rights) {
	struct landlock_path_beneath_attr a = { .allowed_access = rights };
	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return;                            /* what is not there is not needed */
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0)
		log_warn("forumd", "landlock rule path=%s: %s", path, strerror(errno));
	close(a.parent_fd);
}

static void allow_folder_of(int rules, const char *file, uint64_t rights) {
	char *copy = mem_strdup(file);
	if (*file)
		allow(rules, dirname(copy), rights);
	mem_free(copy);
}

static void landlock(const struct config *c) {
	static const char *const system_paths[] = {
		"/etc", "/usr", "/lib", "/lib64", "/proc", "/sys/fs", "/sys/devices/system/cpu" };
	struct landlock_ruleset_attr attr = { .handled_access_fs = ALL_RIGHTS };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (rules < 0) {
		log_warn("forumd", "no landlock here: %s", strerror(errno));
		return;
	}
	for (unsigned i = 0; i < sizeof system_paths / sizeof *system_paths; i++)
		allow(rules, system_paths[i], READ_RIGHTS);
	allow(rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
	allow(rules, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
	allow_folder_of(rules, c->file, READ_RIGHTS);
	allow_folder_of(rules, c->tls_certificate, READ_RIGHTS);
	allow_folder_of(rules, c->tls_key, READ_RIGHTS);
	allow_folder_of(rules, c->tls_client_ca, READ_RIGHTS);
	allow(rules, c->outgoing_password_file, LANDLOCK_ACCESS_FS_READ_FILE);
	allow(rules, c->storage_path, WRITE_RIGHTS);
	allow_folder_of(rules, c->control_path, WRITE_RIGHTS);
	if (*c->backup_path)
		allow(rules, c->backup_path, WRITE_RIGHTS);
	if (strncmp(c->outgoing_transport, "maildir:", 8) == 0)
		allow_folder_of(rules, c->outgoing_transport + 8, WRITE_RIGHTS);
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		log_warn("forumd", "landlock: %s", strerror(errno));
	close(rules);
}

/* ---- system calls ---- */

static void filter(void) {
	static const int refused[] = {
		SCMP_SYS(execve),
		SCMP_SYS(execveat),
		SCMP_SYS(ptrace),
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(fork),
		SCMP_SYS(vfork),
		SCMP_SYS(mount),
		SCMP_SYS(umount2),
		SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),
		SCMP_SYS(unshare),
		SCMP_SYS(setns),
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(delete_module),
		SCMP_SYS(kexec_load),
		SCMP_SYS(kexec_file_load),
		SCMP_SYS(bpf),
		SCMP_SYS(perf_event_open),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(keyctl),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(reboot),
		SCMP_SYS(swapon),
		SCMP_SYS(swapoff),
		SCMP_SYS(personality),
		SCMP_SYS(acct),
		SCMP_SYS(setuid),
		SCMP_SYS(setgid),
		SCMP_SYS(setreuid),
		SCMP_SYS(setregid),
		SCMP_SYS(setresuid),
		SCMP_SYS(setresgid),
		SCMP_SYS(setgroups),
		SCMP_SYS(io_uring_setup),
		SCMP_SYS(open_by_handle_at),
		SCMP_SYS(mknod),
		SCMP_SYS(mknodat),
		SCMP_SYS(settimeofday),
		SCMP_SYS(clock_settime),
	};
	scmp_filter_ctx s = seccomp_init(SCMP_ACT_ALLOW);
	int r = s ? 0 : -ENOMEM;
	for (unsigned i = 0; r == 0 && i < sizeof refused / sizeof *refused; i++)
		r = seccomp_rule_add(s, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (r == 0)
		r = seccomp_attr_set(s, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_load(s);
	if (r < 0)
		log_warn("forumd", "no system call filter: %s", strerror(-r));
	if (s)
		seccomp_release(s);
}

void drop_privileges(const struct config *c) {
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_warn("forumd", "no_new_privs: %s", strerror(errno));
	if (SANITIZED)
		return;                            /* sanitizers read and trace what the sandbox forbids */
	landlock(c);
	filter();
}
