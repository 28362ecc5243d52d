/* The table: every command, where it may run, what its answer may tell. */
#include "gateways/imap/imap_private.h"

#define ANY (IMAP_STRANGER | IMAP_MEMBER | IMAP_SELECTED)
#define IN (IMAP_MEMBER | IMAP_SELECTED)

static const struct imap_command imap_commands[] = {
	{ "FETCH", imap_cmd_fetch, IMAP_SELECTED, IMAP_UID | IMAP_NO_EXPUNGE },
	{ "STORE", imap_cmd_store, IMAP_SELECTED, IMAP_UID | IMAP_NO_EXPUNGE },
	{ "SEARCH", imap_cmd_search, IMAP_SELECTED, IMAP_UID | IMAP_NO_EXPUNGE },
	{ "SORT", imap_cmd_sort, IMAP_SELECTED, IMAP_UID | IMAP_NO_EXPUNGE },
	{ "THREAD", imap_cmd_thread, IMAP_SELECTED, IMAP_UID | IMAP_NO_EXPUNGE },
	{ "NOOP", imap_cmd_noop, ANY, 0 },
	{ "IDLE", imap_cmd_idle, IN, 0 },
	{ "SELECT", imap_cmd_select, IN, IMAP_QUIET | IMAP_CLOSED_OK },
	{ "EXAMINE", imap_cmd_examine, IN, IMAP_QUIET | IMAP_CLOSED_OK },
	{ "STATUS", imap_cmd_status, IN, IMAP_CLOSED_OK },
	{ "LIST", imap_cmd_list, IN, IMAP_CLOSED_OK },
	{ "APPEND", imap_cmd_append, IN, IMAP_CLOSED_OK },
	{ "REPLACE", imap_cmd_replace, IMAP_SELECTED, IMAP_UID },
	{ "CAPABILITY", imap_cmd_capability, ANY, IMAP_CLOSED_OK },
	{ "LOGIN", imap_cmd_login, IMAP_STRANGER, 0 },
	{ "AUTHENTICATE", imap_cmd_authenticate, IMAP_STRANGER, 0 },
	{ "STARTTLS", imap_cmd_starttls, IMAP_STRANGER, 0 },
	{ "LOGOUT", imap_cmd_logout, ANY, IMAP_QUIET | IMAP_CLOSED_OK },
	{ "ID", imap_cmd_id, ANY, IMAP_CLOSED_OK },
	{ "ENABLE", imap_cmd_enable, IN, IMAP_CLOSED_OK },
	{ "NAMESPACE", imap_cmd_namespace, IN, IMAP_CLOSED_OK },
	{ "COMPRESS", imap_cmd_compress, IN, IMAP_CLOSED_OK },
	{ "LSUB", imap_cmd_lsub, IN, IMAP_CLOSED_OK },
	{ "SUBSCRIBE", imap_cmd_subscribe, IN, IMAP_CLOSED_OK },
	{ "UNSUBSCRIBE", imap_cmd_unsubscribe, IN, IMAP_CLOSED_OK },
	{ "NOTIFY", imap_cmd_notify, IN, IMAP_CLOSED_OK },
	{ "CREATE", imap_cmd_create, IN, IMAP_CLOSED_OK },
	{ "DELETE", imap_cmd_delete, IN, IMAP_CLOSED_OK },
	{ "RENAME", imap_cmd_rename, IN, IMAP_CLOSED_OK },
	{ "GETMETADATA", imap_cmd_getmetadata, IN, IMAP_CLOSED_OK },
	{ "SETMETADATA", imap_cmd_setmetadata, IN, IMAP_CLOSED_OK },
	{ "GETQUOTA", imap_cmd_getquota, IN, IMAP_CLOSED_OK },
	{ "GETQUOTAROOT", imap_cmd_getquotaroot, IN, IMAP_CLOSED_OK },
	{ "SETQUOTA", imap_cmd_setquota, IN, IMAP_CLOSED_OK },
	{ "MYRIGHTS", imap_cmd_myrights, IN, IMAP_CLOSED_OK },
	{ "GETACL", imap_cmd_getacl, IN, IMAP_CLOSED_OK },
	{ "SETACL", imap_cmd_setacl, IN, IMAP_CLOSED_OK },
	{ "DELETEACL", imap_cmd_deleteacl, IN, IMAP_CLOSED_OK },
	{ "LISTRIGHTS", imap_cmd_listrights, IN, IMAP_CLOSED_OK },
	{ "CHECK", imap_cmd_check, IMAP_SELECTED, 0 },
	{ "CLOSE", imap_cmd_close, IMAP_SELECTED, IMAP_QUIET | IMAP_CLOSED_OK },
	{ "UNSELECT", imap_cmd_unselect, IMAP_SELECTED, IMAP_QUIET | IMAP_CLOSED_OK },
	{ "EXPUNGE", imap_cmd_expunge, IMAP_SELECTED, IMAP_UID },
	{ "COPY", imap_cmd_copy, IMAP_SELECTED, IMAP_UID },
	{ "MOVE", imap_cmd_move, IMAP_SELECTED, IMAP_UID },
};

const struct imap_command *imap_command_find(struct slice name) {
	for (size_t i = 0; i < sizeof imap_commands / sizeof *imap_commands; i++)
		if (slice_is_nocase(name, imap_commands[i].name))
			return &imap_commands[i];
	return NULL;
}
