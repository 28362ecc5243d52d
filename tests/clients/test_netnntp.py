#!/usr/bin/env python3
"""Perl's Net::NNTP (libnet): lists, overview, articles, a post, logins right and wrong, and a private group."""
from community import *
from proxy import Proxy

need("perl")
if subprocess.run(["perl", "-MNet::NNTP", "-e1"], stderr=subprocess.DEVNULL).returncode:
    skip_all("perl has no Net::NNTP")
s = community()
private_group(s)
p = Proxy(s, "netnntp")
PROGRAM = r'''
use strict; use warnings; use Net::NNTP;
$| = 1;
my $n = 0;
sub is { my ($got, $want, $name) = @_; $n++; $got = "(none)" unless defined $got;
	print $got eq $want ? "ok" : "not ok", " $n - $name\n"; print "# got $got, want $want\n" if $got ne $want; }
my ($port) = @ARGV;
my $c = Net::NNTP->new("127.0.0.1", Port => $port, Timeout => 20) or die "no connection";
is($c->postok ? 1 : 0, 1, "the greeting: posting is possible here");
is(join(",", map { "$_=@{$c->list->{$_}}" } grep { /^test\./ } sort keys %{$c->list}), "test.garden=4 1 y", "LIST: the open group, not the private one");
is($c->group("test.cellar") ? "in" : $c->code, 411, "GROUP of a private group: there is none");
is($c->authinfo("bob\@example.org", "wrong") ? "in" : $c->code, 481, "a wrong password");
is($c->authinfo("bob\@example.org", "secret-b") ? "in" : $c->code, "in", "the right one");
is(join(" ", $c->group("test.garden")), "4 1 4 test.garden", "GROUP in list context");
is($c->newsgroups("test.*")->{"test.garden"}, "Garden talk", "LIST NEWSGROUPS");
is($c->overview_fmt->[4], "References:", "LIST OVERVIEW.FMT");
my $x = $c->xover([1, 4]);
is(join(",", sort keys %$x), "1,2,3,4", "XOVER 1-4");
is($x->{3}[4], "<root\@thread.example> <one\@thread.example>", "XOVER: references");
is($c->xhdr("Subject", 2)->{2}, "Re: Where to plant the quince", "XHDR");
is($c->xpat("Subject", ["Re:*"], [1, 4]) ? join(",", sort keys %{$c->xpat("Subject", ["Re:*"], [1, 4])}) : $c->code, "2,3,4", "XPAT");
is(join(",", @{$c->listgroup("test.garden")}), "1,2,3,4", "LISTGROUP");
is($c->nntpstat(1), "<root\@thread.example>", "STAT");
is($c->next, "<one\@thread.example>", "NEXT");
is($c->last, "<root\@thread.example>", "LAST");
is(join("", grep { /yard/ } @{$c->body("<root\@thread.example>")}), "The yard is too dry.\n", "BODY by id");
is((grep { /^Message-ID: <two\@thread/i } @{$c->head(3)}) + 0, 1, "HEAD by number");
is(join("", @{$c->article(2)}) =~ /\n\n> The yard is too dry.\n\nBehind the shed then.\n\z/ ? 1 : 0, 1, "ARTICLE");
is(join(",", sort @{$c->newnews(time - 3600, "test.garden")}), join(",", map { "<$_\@thread.example>" } qw(one root three two)), "NEWNEWS");
is(exists $c->newgroups(time - 3600)->{"test.garden"} ? 1 : 0, 1, "NEWGROUPS");
is(abs($c->date - time) < 60 ? 1 : 0, 1, "DATE");
is($c->article("<none\@thread.example>") ? "in" : $c->code, 430, "an unknown id");
is($c->post("From: Bob Fenn <bob\@example.org>\n", "Newsgroups: test.garden\n", "Subject: Re: Where to plant the quince\n",
	"Message-ID: <perl\@thread.example>\nReferences: <root\@thread.example> <three\@thread.example>\n", "\n", "In a perl basket.\n.\n..two dots\n") ? $c->code : $c->code, 240, "POST");
is(join("", @{$c->body("<perl\@thread.example>")}), "In a perl basket.\n.\n..two dots\n", "and back: dots as typed");
is($c->post("Newsgroups: test.garden\n", "Subject: twice\nMessage-ID: <perl\@thread.example>\nFrom: b\@example.org\n", "\n", "again\n") ? "in" : $c->code, 441, "the same id again: 441");
is(join(" ", $c->group("test.cellar")), "1 1 1 test.cellar", "the private group is there after the login");
is(join("", @{$c->body(1)}), "Under the stairs.\n", "and its post");
$c->quit;
print "1..$n\n";
'''
r = subprocess.run(["perl", "-e", PROGRAM, str(p.port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
for l in r.stdout.decode("utf-8", "replace").split("\n"):
    m = re.match(r"(ok|not ok) \d+ - (.*)", l)
    if m:
        ok(m.group(1) == "ok", m.group(2))
    elif l and not l.startswith("1.."):
        diag(l)
like(r.stdout, r"\n1\.\.28\n", "the program came to its end")
tree = {q["message_id"]: q for q in s.json("thread", ROOT)}
is_(tree["<perl@thread.example>"]["parent"], tree[THREE]["id"], "the post is in the tree")
p.peaceful()
done()
