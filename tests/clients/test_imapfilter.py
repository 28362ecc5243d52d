#!/usr/bin/env python3
"""imapfilter: a Lua program that searches, flags, moves to Trash, copies to a draft folder and acts by copying to GROUP.!Mute."""
from community import *
from imapwire import Wire

need("imapfilter")
s = community()
write(s, "bob", "<spam@thread.example>", "Cheap tubs", [], "Buy tubs now.\r\n")
p = Wire(s, "imapfilter")
home = tempfile.mkdtemp(prefix="forumfilter-")
with open(home + "/config.lua", "w") as f:
    f.write("""
options.timeout = 30
options.starttls = false
options.create = false
options.expunge = true
forum = IMAP { server = '127.0.0.1', port = %d, username = 'carol@example.org', password = 'secret-c' }
mailboxes, folders = forum:list_all()
for _, m in ipairs(folders) do print('FOLDER ' .. m) end
for _, m in ipairs(mailboxes) do print('BOX ' .. m) end
garden = forum['test.garden']
for _, m in ipairs(forum:list_all('test')) do print('BOX ' .. m) end
print('COUNT', garden:check_status())
spam = garden:contain_subject('tubs')
print('SPAM ' .. #spam)
spam:move_messages(forum['Trash'])
mine = garden:contain_from('Alice') * garden:is_unseen()
print('ALICE ' .. #mine)
mine:mark_flagged()
shed = garden:contain_body('shed')
print('SHED ' .. #shed)
shed:copy_messages(forum['Drafts'])
root = garden:match_header('Message-ID: <root@thread.example>')
print('ROOT ' .. #root)
root:mark_seen()
root:copy_messages(forum['test.garden.!Mute'])
for _, m in ipairs(garden:is_flagged()) do
	local mailbox, uid = table.unpack(m)
	print('FLAGGED ' .. uid .. ' ' .. mailbox[uid]:fetch_field('Subject'))
end
""" % p.port)
x = subprocess.run(["imapfilter", "-c", home + "/config.lua"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100,
                   stdin=subprocess.DEVNULL, env=dict(os.environ, HOME=home))
out = x.stdout.decode("utf-8", "replace")
is_(x.returncode, 0, "imapfilter runs") or diag(out)
ok("FOLDER test\n" in out and "BOX test/garden" in out and "BOX Trash" in out, "it lists the mailboxes") or diag(out)
is_(re.findall(r"(?m)^(SPAM|ALICE|SHED|ROOT) (\d+)", out), [("SPAM", "1"), ("ALICE", "2"), ("SHED", "2"), ("ROOT", "1")], "its searches find") or diag(out)
is_(re.findall(r"(?m)^FLAGGED (\d+) (.*)", out), [("1", "Subject: Where to plant the quince"), ("3", "Subject: Re: Where to plant the quince")], "what it flagged is flagged")
i = s.imap("carol@example.org", "secret-c")
i.run("SELECT test.garden")
_, l = i.run("UID FETCH 1:* (FLAGS)")
f = {int(re.search(r"UID (\d+)", x).group(1)): set(re.search(r"FLAGS \((.*?)\)", x).group(1).split()) for x in l}
is_(sorted(f), [1, 2, 3, 4], "what was moved to Trash is out of the member's view")
ok({"\\Seen", "\\Flagged"} <= f[1] and f[3] == {"\\Flagged"}, "marks are on the server")
like(i.run("STATUS Trash (MESSAGES)")[1][0], r"MESSAGES 1\)", "Trash has it")
like(i.run("STATUS Drafts (MESSAGES)")[1][0], r"MESSAGES 2\)", "the copies are where they were put")
is_(len(s.json("list", "test.garden", "--all")), 5, "for others everything is there")
is_([a for c, a in p.answers("OK") if "!Mute" in c], ["OK done for 1 posts: they stay where they are"], "a command was given by copying")
p.peaceful("^(CREATE|SUBSCRIBE)")
shutil.rmtree(home, ignore_errors=True)
done()
