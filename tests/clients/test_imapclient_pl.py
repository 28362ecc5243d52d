#!/usr/bin/env python3
"""Perl's Mail::IMAPClient: everything a script does with a mailbox, over STARTTLS."""
from community import *

need("perl")
if subprocess.run(["perl", "-MMail::IMAPClient", "-MIO::Socket::SSL", "-e1"], stderr=subprocess.DEVNULL).returncode:
    skip_all("Mail::IMAPClient is not installed")
s = community()
SCRIPT = r'''
use strict; use warnings; use Mail::IMAPClient;
my ($port, $who, $password) = @ARGV;
my $m = Mail::IMAPClient->new(Server => "127.0.0.1", Port => $port, User => $who, Password => $password, Uid => 1,
	Starttls => [SSL_verify_mode => 0], Timeout => 30, Ignoresizeerrors => 0) or die "login: $@";
sub say_ { print join(" ", map { defined $_ ? $_ : "undef" } @_), "\n" }
say_ "capability", $m->has_capability("QRESYNC") ? 1 : 0, $m->has_capability("UIDPLUS") ? 1 : 0;
say_ "folders", join ",", sort grep { /^(test|Trash|Drafts)/ && !/!/ } $m->folders;
say_ "separator", $m->separator;
$m->select("test.garden") or die $m->LastError;
say_ "count", $m->message_count, $m->unseen_count;
say_ "uidnext", $m->uidnext("test.garden");
say_ "all", join ",", @{ $m->messages };
say_ "search", join ",", @{ $m->search(SUBJECT => $m->Quote("quince"), FROM => $m->Quote("Alice")) };
say_ "subject", $m->subject(2);
my $h = $m->parse_headers([1, 3], "Message-ID", "References");
say_ "ids", map { $h->{$_}{"Message-ID"}[0] } sort keys %$h;
my $e = $m->get_envelope(3);
say_ "envelope", $e->{subject}, $e->{inreplyto}, $e->{from}[0]{personalname};
my $b = $m->get_bodystructure(4);
say_ "structure", lc($b->bodytype . "/" . $b->bodysubtype), lc $b->bodyenc;
my $text = $m->message_string(4); $text =~ s/.*?\r\n\r\n//s; $text =~ s/\r\n$//;
say_ "text", $text;
say_ "size", $m->size(4) == length $m->message_string(4) ? "agrees" : "differs";
$m->see(1) or die; $m->set_flag("Flagged", 1, 2) or die; $m->unset_flag("Flagged", 2) or die;
say_ "flags", join ",", sort $m->flags(1);
say_ "flagged", join ",", @{ $m->search("FLAGGED") || [] };
my $uid = $m->append_string("test.garden", "From: $who\r\nSubject: Re: Where to plant the quince\r\nMessage-ID: <pl\@thread.example>\r\nIn-Reply-To: <two\@thread.example>\r\n\r\nPerl says: by the pond.\r\n", "\\Seen");
say_ "append", $uid;
$m->noop; say_ "count", $m->message_count;
my $copied = $m->copy("Drafts", 2); say_ "copy", $copied;
$m->delete_message(4) or die; $m->expunge or die;
say_ "left", join ",", @{ $m->messages };
say_ "thread", scalar @{ $m->thread("REFERENCES", "UTF-8") };
say_ "sort", join ",", $m->sort("SUBJECT", "UTF-8", "ALL");
my $tag = $m->idle or die; my $got = $m->idle_data(0.2); $m->done($tag);
say_ "idle", defined $tag ? "ok" : "no";
say_ "status", map { s/\s+$//r } grep { /^\* STATUS/ } $m->status("Drafts", "MESSAGES");
say_ "nonexistent", $m->select("no.such.group") ? "found" : "refused";
$m->logout or die; say_ "logout";
'''
p = subprocess.run(["perl", "-e", SCRIPT, str(s.port["imap"]), "carol@example.org", "secret-c"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100)
out, err = p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")
is_(p.returncode, 0, "the script runs " + err)
got = out.split("\n")
want = ["capability 1 1", "folders Drafts,Trash,test.garden", "separator .", "count 4 4", "uidnext 5", "all 1,2,3,4", "search 1,3",
        "subject Re: Where to plant the quince", "ids %s %s" % (ROOT, TWO), 'envelope Re: Where to plant the quince NIL Alice Moor',
        "structure text/plain 8bit", "text Or in a tub, caf\u00e9 style.", "size agrees", "flags \\Flagged,\\Seen", "flagged 1", "append 5", "count 5",
        "copy 1", "left 1,2,3,5", "thread 1", "sort 1,2,3,5", "idle ok", None, "nonexistent refused", "logout"]
for k, w in enumerate(want):
    line = got[k] if k < len(got) else ""
    if w:
        is_(line, w, w)
    else:
        like(line, r"^status \* STATUS Drafts \(MESSAGES 1\)$", "status")
tree = {x["message_id"]: x for x in s.json("thread", ROOT)}
is_(tree["<pl@thread.example>"]["parent"], tree[TWO]["id"], "what was appended is posted below its question")
is_(len(s.json("list", "test.garden", "--all")), 5, "what was expunged is there for others")
done()
