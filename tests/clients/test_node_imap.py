#!/usr/bin/env python3
"""imapflow and node-imap, from npm: what web mail in JavaScript does. They are kept in the user's cache directory and fetched
once, at fixed versions; where npm cannot get them the test is skipped."""
from community import *

VERSIONS = {"imapflow": "1.0.194", "imap": "0.8.19"}     # "imap" is the module known as node-imap
need("node", "npm")
cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "forumd-tests", "node")


def installed():
    for name, version in VERSIONS.items():
        try:
            with open(os.path.join(cache, "node_modules", name, "package.json")) as f:
                if json.load(f)["version"] != version:
                    return False
        except (OSError, ValueError, KeyError):
            return False
    return True


if not installed():
    os.makedirs(cache, exist_ok=True)
    try:
        x = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--prefix", cache]
                           + ["%s@%s" % nv for nv in VERSIONS.items()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90)
        said = x.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        said = "npm took too long"
    if not installed():
        diag(said[-600:])
        skip_all("npm cannot fetch imapflow and node-imap")

s = community()
home = tempfile.mkdtemp(prefix="forumnode-")


def node(name, text):
    path = os.path.join(home, name + ".js")
    with open(path, "w") as f:
        f.write("const out = {}, show = () => console.log(JSON.stringify(out, (k, v) => typeof v === 'bigint' ? Number(v) : v));\n"
                "setTimeout(() => { show(); console.error('too slow'); process.exit(1) }, 30000);\n" + text)
    x = subprocess.run(["node", path, str(s.port["imap"]), str(s.port["imaps"])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100,
                       env=dict(os.environ, NODE_PATH=os.path.join(cache, "node_modules"), HOME=home))
    err = x.stderr.decode("utf-8", "replace")
    is_(x.returncode, 0, "%s runs %s" % (name, err[-1500:]))
    return json.loads(x.stdout.decode().strip().split("\n")[-1] or "{}")


# ---- imapflow: STARTTLS, COMPRESS, IDLE. With QRESYNC it does not count what VANISHED takes away, so only the second connection has it
got = node("imapflow", r"""
const { ImapFlow } = require('imapflow');
const client = qresync => new ImapFlow({ host: '127.0.0.1', port: +process.argv[2], secure: false, logger: false, qresync,
	auth: { user: 'carol@example.org', pass: 'secret-c' }, tls: { rejectUnauthorized: false } });
(async () => {
	const c = client(false);
	await c.connect();
	out.tls = c.secureConnection;
	out.list = (await c.list()).map(x => x.path).filter(x => !x.includes('!')).sort();
	out.special = (await c.list()).filter(x => x.specialUse).map(x => x.path.replace(/^.*!/, '!') + x.specialUse).sort();
	await c.append('Sent', "Subject: File\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename*0*=utf-8''caf%C3%A9; filename*1*=%20%281%29.png\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==\r\n");
	const sent = await c.getMailboxLock('Sent');
	out.file = (await c.fetchOne('*', { bodyStructure: true })).bodyStructure.dispositionParameters;
	sent.release();
	out.status = await c.status('test.garden', { messages: true, unseen: true, uidNext: true });
	const lock = await c.getMailboxLock('test.garden');
	out.exists = c.mailbox.exists;
	out.modseq = typeof c.mailbox.highestModseq;
	out.subjects = [];
	for await (const m of c.fetch('1:*', { envelope: true, flags: true, bodyStructure: true, size: true, threadId: true, emailId: true, internalDate: true }))
		out.subjects.push([m.uid, m.envelope.subject, m.envelope.from[0].name, m.bodyStructure.type, m.threadId.length > 0, m.emailId.length > 0]);
	const one = await c.download('4', 'TEXT');
	let text = '';
	for await (const d of one.content) text += d.toString();
	out.text = text.trim();
	out.search = await c.search({ subject: 'quince', unseen: true }, { uid: true });
	out.flag = await c.messageFlagsAdd('2', ['\\Flagged', '\\Seen'], { uid: true });
	out.append = await c.append('test.garden', 'From: Carol <carol@example.org>\r\nSubject: Re: Where to plant the quince\r\nMessage-ID: <flow@thread.example>\r\nIn-Reply-To: <two@thread.example>\r\n\r\nFlow says: by the pond.\r\n', ['\\Seen']);
	await c.noop();
	out.after = c.mailbox.exists;
	out.copy = [...(await c.messageCopy('3', 'Drafts', { uid: true })).uidMap];
	out.move = !!(await c.messageMove('4', 'Trash', { uid: true }));
	const told = new Promise(done => c.on('exists', d => done([d.count, d.prevCount])));
	const flags = new Promise(done => c.on('flags', d => done([d.uid, [...d.flags].sort()])));
	const other = client(true);
	await other.connect();
	await other.mailboxOpen('test.garden');
	await new Promise(done => setTimeout(done, 100));
	const idle = c.idle();
	await other.messageFlagsAdd('1', ['\\Answered'], { uid: true });
	out.flags = await flags;
	await other.append('test.garden', 'From: Carol <carol@example.org>\r\nSubject: Pears\r\nMessage-ID: <flow2@thread.example>\r\n\r\nOr a pear.\r\n');
	out.told = await told;
	await other.messageDelete('1', { uid: true });
	lock.release();
	await other.logout();
	out.left = await c.search({ all: true }, { uid: true });
	await c.logout();
	show();
	process.exit(0);
})().catch(e => { console.error(e, e.responseText); process.exit(1) });
""")
is_(got.get("tls"), True, "imapflow takes STARTTLS")
is_(got.get("list"), ["Drafts", "INBOX", "Replies to me", "Sent", "Trash", "Unread", "Watched", "test.garden"], "lists the mailboxes")
is_(got.get("special"), ["!Flag.spam\\Junk", "Drafts\\Drafts", "INBOX\\Inbox", "Sent\\Sent", "Trash\\Trash"],
    "knows the special ones, and takes the report of spam for Junk")
is_(got.get("file"), {"filename": "caf\u00e9 (1).png"}, "reads a file name with a charset in the structure")
is_(got.get("status"), {"path": "test.garden", "messages": 4, "unseen": 4, "uidNext": 5}, "STATUS")
is_((got.get("exists"), got.get("modseq")), (4, "bigint"), "opens the group with change numbers")
is_(got.get("subjects"), [[1, "Where to plant the quince", "Alice Moor", "text/plain", True, True]] +
    [[n, "Re: Where to plant the quince", w, "text/plain", True, True] for n, w in ((2, "Bob Fenn"), (3, "Alice Moor"), (4, "Bob Fenn"))], "fetches envelopes, structures, ids")
is_(got.get("text"), "Or in a tub, caf\u00e9 style.", "downloads a text")
is_(got.get("search"), [1, 2, 3, 4], "searches")
is_((got.get("flag"), (got.get("append") or {}).get("uid"), got.get("after")), (True, 5, 5), "flags and posts")
is_((got.get("copy"), got.get("move")), ([[3, 1]], True), "copies and moves")
is_(got.get("flags"), [1, ["\\Answered"]], "IDLE tells a flag")
is_(got.get("told"), [5, 4], "and a new post")
is_(got.get("left"), [2, 3, 5, 6], "what was deleted elsewhere is gone")
tree = {x["message_id"]: x for x in s.json("thread", ROOT)}
is_(tree["<flow@thread.example>"]["parent"], tree[TWO]["id"], "its answer is posted below the question")

# ---- node-imap: implicit TLS
got = node("node-imap", r"""
const Imap = require('imap');
const m = new Imap({ user: 'bob@example.org', password: 'secret-b', host: '127.0.0.1', port: +process.argv[3], tls: true, tlsOptions: { rejectUnauthorized: false } });
const call = (o, f, ...a) => new Promise((y, n) => o[f](...a, (e, ...r) => e ? n(e) : y(r.length > 1 ? r : r[0])));
m.once('error', e => { console.error(e); process.exit(1) });
m.once('ready', async () => { try {
	const boxes = await call(m, 'getBoxes');
	out.boxes = Object.keys(boxes).sort();
	out.children = Object.keys(boxes.test.children);
	const box = await call(m, 'openBox', 'test.garden', false);
	out.total = box.messages.total;
	out.found = await call(m, 'search', ['UNSEEN', ['FROM', 'Alice']]);
	out.threads = m.serverSupports('THREAD=REFERENCES') ? await call(m, 'thread', 'REFERENCES', ['ALL']) : null;
	const f = m.fetch(out.found, { bodies: ['HEADER.FIELDS (SUBJECT)', 'TEXT'], struct: true });
	out.bodies = [];
	f.on('message', msg => {
		const one = {};
		out.bodies.push(one);
		msg.on('body', (st, info) => { let t = ''; st.on('data', d => t += d.toString('utf8')); st.once('end', () => one[info.which] = t) });
		msg.once('attributes', a => { one.uid = a.uid; one.type = a.struct[0].type + '/' + a.struct[0].subtype });
	});
	await new Promise((y, n) => { f.once('end', y); f.once('error', n) });
	await call(m, 'addFlags', 2, ['\\Seen', '\\Flagged']);
	await call(m, 'addKeywords', 2, ['$Forwarded']);
	out.flagged = await call(m, 'search', ['FLAGGED']);
	const mail = new Promise(y => m.once('mail', y));
	await call(m, 'append', 'From: Bob <bob@example.org>\r\nSubject: Plums\r\nMessage-ID: <nodeimap@thread.example>\r\n\r\nOr a plum.\r\n', { mailbox: 'test.garden', flags: ['Seen'] });
	out.mail = await mail;
	await call(m, 'move', 3, 'Trash');
	await call(m, 'addFlags', 2, ['\\Deleted']);
	await call(m, 'expunge', [2]);
	out.left = await call(m, 'search', ['ALL']);
	m.once('close', () => { show(); process.exit(0) });
	m.end();
} catch (e) { console.error(e); process.exit(1) } });
m.connect();
""")
ok({"Drafts", "INBOX", "Sent", "Trash", "test"} <= set(got.get("boxes", [])) and "garden" in got.get("children", []), "node-imap sees the mailboxes as a tree")
is_((got.get("total"), got.get("found")), (6, [1, 3]), "opens and searches")
is_([b["uid"] for b in got.get("bodies", [])], [1, 3], "fetches")
like((got.get("bodies") or [{}])[0].get("TEXT", ""), "too dry", "texts")
is_((got.get("flagged"), got.get("mail")), ([2], 1), "flags, and hears of new mail")
is_(got.get("left"), [1, 4, 5, 6, 7], "moves and expunges for the member")
is_(len(s.json("list", "test.garden", "--all")), 7, "everything is there for others")
shutil.rmtree(home, ignore_errors=True)
done()
