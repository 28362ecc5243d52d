/* What is the reply? Every form of mail program and language we know, in texts of our own; answers between quotations;
 * prose that only looks like a quotation; the parent known; whole mails (tests/corpora/replies); and, where it is at
 * hand, real mail: there the score has to be nine in ten. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "forumd/base/text.h"
#include "forumd/mail/field.h"
#include "forumd/mail/trim.h"
#include "tests/tap/tap.h"
#include "tests/unit/mail/work.h"

static void check_text(const char *in, const char *parent, const char *want, const char *what) {
	struct buf out = { 0 };
	struct trim_info info;
	trim_text(slice_str(in), slice_str(parent), &out, &info);
	is_slice(buf_slice(&out), slice_str(want), "%s", what);
	if (strcmp(in, want) == 0)
		ok(info.whole && !info.octets, "%s: whole", what);
	else
		ok(!info.whole && info.octets == strlen(in) - strlen(want), "%s: %zu octets", what, info.octets);
	buf_free(&out);
}

/* an introduction, then quoted lines: all but the answer goes. "\n" wraps. */
static const char *const intros[] = {
	"On Tue, 3 Mar 2020 at 14:05, Ann Other <ann@example.org> wrote:", "On Mar 3, 2020, at 2:05 PM, Ann Other <ann@example.org> wrote:",
	"On Tuesday, March 3rd, 2020 at 14:05, Ann Other <ann@example.org> wrote:", "On 03/03/2020 14:05, Ann Other via Forum wrote:",
	"On Tue, Mar 3, 2020 at 2:05 PM Ann Other via A Very Long Name of a Forum <\nreply+123456@forum.example.org> wrote:",
	"On Tue, Mar 3, 2020 at 2:05 PM Ann Other <ann@example.org>\nwrote:", "On Tue, Mar 3,\n2020 at 2:05 PM, Ann Other <ann@example.org>\nwrote:",
	"At 3/3/2020 02:05 PM, you wrote:", "Ann Other wrote:", "Ann Other <ann@example.org> writes:", "Ann Other via Forum <ann@example.org> wrote:",
	"ann@example.org (Ann Other) writes:", "In article <abc@example.org>, Ann Other wrote:", "---- On Tue, 03 Mar 2020 14:05:00 +0100 Ann <ann@example.org> wrote ----",
	"On Tue, Mar 03, 2020 at 02:05:00PM +0100, Ann Other wrote:", "* Ann Other <ann@example.org> [2020-03-03 14:05]:",
	"Am 03.03.2020 um 14:05 schrieb Ann Other <ann@example.org>:", "Am Di., 3. März 2020 um 14:05 Uhr schrieb Ann Other <\nann@example.org>:",
	"Ann Other <ann@example.org> schrieb am Di., 3. März 2020, 14:05:", "Am 3. März 2020 14:05:00 MEZ schrieb Ann Other <ann@example.org>:",
	"Le mar. 3 mars 2020 à 14:05, Ann Other <ann@example.org> a écrit :", "Le 03/03/2020 à 14:05, Ann Other a écrit\xc2\xa0:", "Le 3 mars 2020 à 14:05, Ann Other\n<ann@example.org> a écrit :",
	"El mar., 3 mar. 2020 a las 14:05, Ann Other (<ann@example.org>) escribió:", "El 3/3/20 a las 14:05, Ann Other escribió:", "El 3 mar 2020, a las 14:05, Ann Other <ann@example.org>\nescribió:",
	"Il giorno mar 3 mar 2020 alle ore 14:05 Ann Other <ann@example.org> ha\nscritto:", "Il 03/03/2020 14:05, Ann Other ha scritto:", "Op di 3 mrt. 2020 om 14:05 schreef Ann Other <ann@example.org>:",
	"Op 3 mrt. 2020, om 14:05 heeft Ann Other <ann@example.org> het volgende geschreven:", "Den tis 3 mars 2020 kl 14:05 skrev Ann Other <ann@example.org>:", "Den 3. mar. 2020 kl. 14.05 skrev Ann Other <ann@example.org>:",
	"tir. 3. mar. 2020 kl. 14:05 skrev Ann Other <ann@example.org>:", "3 mars 2020 kl. 14:05 skrev Ann Other <ann@example.org>:", "ti 3. maalisk. 2020 klo 14.05 Ann Other (ann@example.org) kirjoitti:",
	"W dniu 03.03.2020 o 14:05, Ann Other pisze:", "wt., 3 mar 2020 o 14:05 Ann Other <ann@example.org> napisał(a):", "Dnia 3 marca 2020 14:05 Ann Other <ann@example.org> napisał(a):",
	"Em ter., 3 de mar. de 2020 às 14:05, Ann Other <ann@example.org>\nescreveu:", "Em 03/03/2020 14:05, Ann Other escreveu:", "În mar., 3 mar. 2020 la 14:05, Ann Other <ann@example.org> a scris:",
	"út 3. 3. 2020 v 14:05 odesílatel Ann Other <ann@example.org> napsal:", "Dne 3. 3. 2020 v 14:05 Ann Other napsal(a):", "ut 3. 3. 2020 o 14:05 Ann Other <ann@example.org> napísal(a):",
	"Ann Other <ann@example.org> ezt írta (időpont: 2020. márc. 3., K, 14:05):", "вт, 3 мар. 2020 г. в 14:05, Ann Other <ann@example.org>:", "03.03.2020 14:05, Ann Other пишет:",
	"3 марта 2020 г., в 14:05, Ann Other <ann@example.org> написал(а):", "03.03.2020, 14:05, \"Ann Other\" <ann@example.org>:", "вт, 3 бер. 2020 р. о 14:05 Ann Other <ann@example.org> пише:",
	"На вт, 3.03.2020 г. в 14:05 Ann Other <ann@example.org> написа:", "Στις Τρί 3 Μαρ 2020 στις 2:05 μ.μ., ο/η Ann Other <ann@example.org> έγραψε:",
	"Ann Other <ann@example.org>, 3 Mar 2020 Sal, 14:05 tarihinde şunu yazdı:", "在 2020年3月3日，14:05，Ann Other <ann@example.org> 写道：", "Ann Other <ann@example.org> 于2020年3月3日周二 14:05写道：",
	"Ann Other <ann@example.org> 於 2020年3月3日 週二 下午2:05寫道：", "2020年3月3日(火) 14:05 Ann Other <ann@example.org>:", "2020/03/03 14:05、Ann Other <ann@example.org>のメール:",
	"2020년 3월 3일 (화) 오후 2:05, Ann Other <ann@example.org>님이 작성:", "Vào Th 3, 3 thg 3, 2020 vào lúc 14:05 Ann Other <ann@example.org> đã viết:",
	"Pada tanggal Sel, 3 Mar 2020 pukul 14.05 Ann Other <ann@example.org> menulis:", "Missatge de Ann Other <ann@example.org> del dia dt., 3 de març 2020 a les 14:05:",
	"‫בתאריך יום ג׳, 3 במרץ 2020 ב-14:05 מאת ‪Ann Other‬‏ <‪ann@example.org‬‏>:‬", "في الثلاثاء، 3 مارس 2020 في 2:05 م كتب Ann Other <ann@example.org>:",
	"Quoting Ann Other <ann@example.org>:", "Zitat von Ann Other <ann@example.org>:", "Ann Other\n<ann@example.org>\nwrote:",
	"\"Ann Other\" <ann@example.org> wrote in message\nnews:abc@example.org...", "Ann Other <ann@example.org> wrote on 03/03/2020 02:05:00 PM:",
	"2020-03-03 14:05 GMT+01:00 Ann Other <ann@example.org>:", "dne V 3. mar. 2020 ob 14:05 je oseba Ann Other <ann@example.org> napisala:",
};

/* blocks below which nothing is marked as quoted */
static const char *const blocks[] = {
	"-----Original Message-----\nFrom: Ann Other <ann@example.org>\nSent: Tuesday, March 3, 2020 2:05 PM\nTo: Bob\nSubject: Tea", "----- Original Message -----\nFrom: \"Ann\" <ann@example.org>\nTo: <bob@example.org>",
	"________________________________\nFrom: Ann Other <ann@example.org>\nSent: Tuesday, March 3, 2020 2:05 PM\nTo: Bob <bob@example.org>\nSubject: Re: Tea",
	"From: Ann Other [mailto:ann@example.org]\nSent: 03 March 2020 14:05\nTo: Bob One; Carol Two; Dan Three; Eve Four;\n Frank Five\nSubject: Tea", "*From:* Ann Other <ann@example.org>\n*Sent:* Tuesday, March 3, 2020 2:05 PM\n*To:* Bob\n*Subject:* Tea",
	"From: Ann <ann@example.org>\nReply-To: Forum <forum@example.org>\nDate: Tuesday, 3 March 2020 at 14:05\nTo: Forum <forum@example.org>\nSubject: Tea",
	"Von: Ann Other <ann@example.org>\nGesendet: Dienstag, 3. März 2020 14:05\nAn: Bob\nBetreff: Tee", "-----Ursprüngliche Nachricht-----\nVon: Ann\nGesendet: Dienstag, 3. März 2020 14:05\nAn: Bob\nBetreff: Tee",
	"De : Ann Other <ann@example.org>\nEnvoyé : mardi 3 mars 2020 14:05\nÀ : Bob\nObjet : Thé", "-----Message d'origine-----\nDe : Ann\nEnvoyé : mardi 3 mars 2020\nÀ : Bob\nObjet : Thé",
	"De: Ann Other <ann@example.org>\nEnviado el: martes, 3 de marzo de 2020 14:05\nPara: Bob\nAsunto: Té", "Da: Ann Other <ann@example.org>\nInviato: martedì 3 marzo 2020 14:05\nA: Bob\nOggetto: Tè",
	"Van: Ann Other <ann@example.org>\nVerzonden: dinsdag 3 maart 2020 14:05\nAan: Bob\nOnderwerp: Thee", "De: Ann <ann@example.org>\nEnviada em: terça-feira, 3 de março de 2020 14:05\nPara: Bob\nAssunto: Chá",
	"Från: Ann <ann@example.org>\nSkickat: den 3 mars 2020 14:05\nTill: Bob\nÄmne: Te", "Fra: Ann <ann@example.org>\nSendt: 3. mars 2020 14:05\nTil: Bob\nEmne: Te", "Lähettäjä: Ann <ann@example.org>\nLähetetty: tiistai 3. maaliskuuta 2020\nVastaanottaja: Bob\nAihe: Tee",
	"Od: Ann <ann@example.org>\nWysłano: wtorek, 3 marca 2020 14:05\nDo: Bob\nTemat: Herbata", "Od: Ann <ann@example.org>\nOdesláno: úterý 3. března 2020\nKomu: Bob\nPředmět: Čaj", "Feladó: Ann <ann@example.org>\nElküldve: 2020. március 3.\nCímzett: Bob\nTárgy: Tea",
	"От: Ann <ann@example.org>\nОтправлено: 3 марта 2020 г. 14:05\nКому: Bob\nТема: Чай", "Kimden: Ann <ann@example.org>\nGönderildi: 3 Mart 2020 Salı\nKime: Bob\nKonu: Çay", "发件人: Ann <ann@example.org>\n发送时间: 2020年3月3日 14:05\n收件人: Bob\n主题: 茶",
	"------------------ 原始邮件 ------------------\n发件人： \"Ann\" <ann@example.org>;\n发送时间： 2020年3月3日(星期二) 14:05\n收件人： \"Bob\"\n主题： 茶", "差出人: Ann <ann@example.org>\n送信日時: 2020年3月3日 14:05\n宛先: Bob\n件名: お茶", "보낸 사람: Ann <ann@example.org>\n보낸 날짜: 2020년 3월 3일\n받는 사람: Bob\n제목: 차",
	"Begin forwarded message:\n\nFrom: Ann <ann@example.org>\nSubject: Tea\nDate: 3 March 2020\nTo: Bob", "---------- Forwarded message ---------\nFrom: Ann <ann@example.org>\nDate: Tue, 3 Mar 2020\nSubject: Tea\nTo: Bob",
	"-------- Original Message --------\nOn 3 Mar 2020, 14:05, Ann Other < ann@example.org> wrote:", "On Tuesday, March 3, 2020, 02:05:00 PM GMT+1, Ann Other <ann@example.org> wrote:", "Am Dienstag, 3. März 2020, 14:05:00 MEZ hat Ann Other <ann@example.org> Folgendes geschrieben:",
	"Le mardi 3 mars 2020 à 14:05:00 UTC+1, Ann Other <ann@example.org> a écrit :", "-------- Original message --------\nFrom: Ann <ann@example.org>\nDate: 3/3/20 14:05 (GMT+01:00)\nTo: bob@example.org\nSubject: Tea",
	"From:\tAnn Other <ann@example.org>\nTo:\tBob <bob@example.org>, \nDate:\t03/03/2020 02:05 PM\nSubject:\tTea", ">>> Ann Other <ann@example.org> 03/03/20 14:05 >>>",
	"-------- Ursprüngliche Nachricht --------\nVon: Ann <ann@example.org>\nDatum: 03.03.20 14:05 (GMT+01:00)\nAn: bob@example.org\nBetreff: Tee",
};

static const char *const signatures[] = {
	"-- \nBob\nHead of Tea", "--\nBob Builder\n+49 30 1234567", "__\nBob", "—\nBob", "Sent from my iPhone", "Sent from my Galaxy", "Sent from Mail for Windows", "Get Outlook for iOS <https://aka.ms/o0ukef>", "Von meinem iPhone gesendet", "Gesendet von Mail für Windows",
	"Holen Sie sich Outlook für Android", "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.", "Envoyé de mon iPhone", "Envoyé depuis mon téléphone Orange", "Enviado desde mi iPhone", "Enviado do meu iPhone", "Inviato da iPhone", "Verstuurd vanaf mijn iPhone", "Verzonden vanaf mijn Samsung-apparaat",
	"Skickat från min iPhone", "Sendt fra min iPhone", "Lähetetty iPhonesta", "Wysłane z iPhone'a", "Odesláno z iPhonu", "Отправлено с iPhone", "Надіслано з iPhone", "iPhone'umdan gönderildi", "iPhoneから送信", "发自我的iPhone", "從我的 iPhone 傳送", "나의 iPhone에서 보냄", "Στάλθηκε από το iPhone μου",
	"Sent with Proton Mail secure email.", "-- \nBob\nSent from my iPhone", "_______________________________________________\nTea mailing list\nTea@example.org\nhttps://lists.example.org/tea", "-- \nYou received this message because you are subscribed to the Google Groups \"tea\" group.\nTo unsubscribe, send mail.",
	"(sent from my phone, excuse brevity)", "Virus-free. www.avast.com", "Enviat des del meu mòbil",
	"Please consider the environment before printing this e-mail.", "Think before you print this email", "Bitte denken Sie an die Umwelt, bevor Sie diese E-Mail drucken.", "Pensez à l'environnement avant d'imprimer ce message.",
	"Antes de imprimir este mensaje, asegúrese de que es necesario.", "Prima di stampare, pensa all'ambiente.", "Denk aan het milieu voordat u deze e-mail print.",
};

#define WHOLE(text, what) { "It works.\nHere, too.\n" text "\n", "", "It works.\nHere, too.\n" text "\n", what }

static const struct { const char *in, *parent, *out, *what; } texts[] = {
	{ "Tea is fine.\n-------------- next part --------------\nAn HTML attachment was scrubbed...\nURL: <http://lists.example.org/pipermail/tea/attachments/20200303/0a1b/attachment.html>\n",
		"", "Tea is fine.\n", "the note of an archive about HTML" },
	{ "Tea is fine.\n\n2020/3/3 Ann Other <ann at example.org>:\n> Which tea?\n-------------- next part --------------\nA non-text attachment was scrubbed...\nName: signature.asc\nType: application/pgp-signature\nSize: 198 bytes\nDesc: not available\nURL: <http://lists.example.org/pipermail/tea/attachments/20200303/0a1b/attachment.sig>\n",
		"", "Tea is fine.\n", "the note about a signature, below an introduction with a veiled address" },
	{ "The recipe is attached.\n-------------- next part --------------\nA non-text attachment was scrubbed...\nName: tea.pdf\nType: application/pdf\nSize: 4000 bytes\nDesc: not available\nURL: <http://lists.example.org/pipermail/tea/attachments/20200303/0a1b/tea.pdf>\n",
		"", "The recipe is attached.\n-------------- next part --------------\nA non-text attachment was scrubbed...\nName: tea.pdf\nType: application/pdf\nSize: 4000 bytes\nDesc: not available\nURL: <http://lists.example.org/pipermail/tea/attachments/20200303/0a1b/tea.pdf>\n", "a file the author attached stays named" },
	{ "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nAnn Other wrote:\n> Which tea?\n\nGreen.\n\n- --\nBob\n-----BEGIN PGP SIGNATURE-----\nVersion: X\n\niQEzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n",
		"", "Green.\n", "the armour of a signed text" },
	{ "It begins so:\n-----BEGIN PGP SIGNED MESSAGE-----\nand then comes the text.\n", "", "It begins so:\n-----BEGIN PGP SIGNED MESSAGE-----\nand then comes the text.\n",
		"armour that is talked about" },
	{ "The order of the shelves?\nSent from mailbox 3 to mailbox 4, then home.\n", "", "The order of the shelves?\nSent from mailbox 3 to mailbox 4, then home.\n", "a program's name in a sentence" },
	{ "Why so late?\nSent from my old house, where the line was down, it took three days.\n", "", "Why so late?\nSent from my old house, where the line was down, it took three days.\n", "a sentence that begins as a phone's line" },
	{ "Did it arrive?\nSent from my phone, did it look right?\n", "", "Did it arrive?\nSent from my phone, did it look right?\n", "a question about a phone" },
	{ "These two say it all\n\n\xe2\x80\x94\nhttps://example.org/one\nhttps://example.org/two\n", "", "These two say it all\n\n\xe2\x80\x94\nhttps://example.org/one\nhttps://example.org/two\n", "only links below a long dash" },
	{ "Good.\n\nThis email has been checked for viruses by Avast antivirus software.\nwww.avast.com\n", "", "Good.\n", "a scanner with its address" },
	{ "Good.\n\nSent from Front\n", "", "Good.\n", "a program with a short name" },
	{ "Which way?\nSent from Front to Back.\n", "", "Which way?\nSent from Front to Back.\n", "its name in a sentence" },
	{ "Добре.\n\nНадіслано від iPhone\n", "", "Добре.\n", "a phone in Ukrainian" },
	{ "Dobro.\n\nПослано са iPhone-а\n", "", "Dobro.\n", "a phone in Serbian" },
	{ "Good.\n__________________________________\nDo you Yahoo!?\nTry the new mail!\nhttp://mail.example.org/\n", "", "Good.\n", "the advertisement of a mail service" },
	WHOLE("Think before you print on both sides: it eats glossy paper.", "printing"), WHOLE("Prima di stampare devi calibrare l'asse Z.", "stampare"),
	WHOLE("Antes de imprimir este modelo hay que nivelar la cama.", "imprimir"), WHOLE("Denk aan het milieu en neem de trein.", "milieu"),
	WHOLE("Bitte denken Sie an die Umwelt und kommen Sie mit dem Rad.", "Umwelt"), WHOLE("Pensez à l'environnement !", "environnement"),
	{ "Yes.\n\n> one\n> two\n", "", "Yes.\n", "a quoted end" }, { "> one\n\nYes.\n\n> two\n\nNo.\n", "", "> one\n\nYes.\n\n> two\n\nNo.\n", "answers between quotations" },
	{ "On 3 May 2020, Ann wrote:\n> one?\nYes.\n> two?\nNo.\n", "", "On 3 May 2020, Ann wrote:\n> one?\nYes.\n> two?\nNo.\n", "answers point by point keep who is quoted" },
	{ "On 3 May 2020, Ann wrote:\n> one?\nYes.\n> two?\nNo.\n> three\n> four\n", "", "On 3 May 2020, Ann wrote:\n> one?\nYes.\n> two?\nNo.\n", "what is not answered goes" },
	{ "On 3 May 2020, Ann wrote:\n> Hi\nHello\n", "", "Hello\n", "an answer below" }, { "Hi Ann,\n\nOn 3 May 2020, Ann wrote:\n> Hi\n\nHello\n\nBob\n", "", "Hi Ann,\n\nHello\n\nBob\n", "text above and below" },
	{ "On 3 May 2020, Ann wrote:\n> Shall we?\nYes\n\n-- \nBob\n", "Long before.\nShall we? Or not.\nAnd a lot more than that.\n", "On 3 May 2020, Ann wrote:\n> Shall we?\nYes\n", "one sentence quoted of a known text is chosen: it stays" },
	{ "On 3 May 2020, Ann wrote:\n> Shall we? Or\n> not.\nYes\n", "Shall we? Or not.\n", "Yes\n", "all of the known text goes" },
	{ "On Monday I wrote: the kettle is broken.\nIt still is.\n", "", "On Monday I wrote: the kettle is broken.\nIt still is.\n", "prose with wrote" }, { "On Monday 3 May at 12:30 I wrote:\nthe kettle is broken.\n", "", "On Monday 3 May at 12:30 I wrote:\nthe kettle is broken.\n", "what I wrote myself" },
	{ "She wrote:\nI am leaving.\nThat was all.\n", "", "She wrote:\nI am leaving.\nThat was all.\n", "a story" }, { "One.\n\n--\n\nTwo.\n\n--\n\nThree.\n", "", "One.\n\n--\n\nTwo.\n\n--\n\nThree.\n", "-- between paragraphs" },
	{ "One.\n--\nThis is a long paragraph about things that matter.\nAnd it has an end.\n", "", "One.\n--\nThis is a long paragraph about things that matter.\nAnd it has an end.\n", "-- above sentences" },
	{ "One.\n\n---\n\nTwo\nThree\n", "", "One.\n\n---\n\nTwo\nThree\n", "a rule" }, { "From: the beginning it was wrong.\nTo: be honest, I said so.\n", "", "From: the beginning it was wrong.\nTo: be honest, I said so.\n", "From: in prose" },
	{ "I saw\n  From: x@y\n  To: z\nand asked about the Date: field.\nSubject: is odd.\nBye\n", "", "I saw\n  From: x@y\n  To: z\nand asked about the Date: field.\nSubject: is odd.\nBye\n", "prose on header lines" },
	{ "The mail has\nFrom: x\nand that is wrong\n", "", "The mail has\nFrom: x\nand that is wrong\n", "one header line" }, { "Sent from my desk were three letters,\nand one of them was yours.\n", "", "Sent from my desk were three letters,\nand one of them was yours.\n", "letters sent" },
	{ "Das Paket habe ich gestern gesendet.\n", "", "Das Paket habe ich gestern gesendet.\n", "a parcel sent" }, { "Sent from my iPhone\n\n> Hi\n", "", "Sent from my iPhone\n\n> Hi\n", "nothing left: all stays" }, { "> only\n", "", "> only\n", "only a quotation" }, { "", "", "", "nothing" },
	{ "Thanks! On Mon, Apr 6, 2020 at 6:26 PM, Ann <ann@example.org> wrote:\n\n> Hi\n", "", "Thanks!\n", "an introduction behind text" }, { "See the log:\n> line one\n> line two\n", "We talked of tea and of milk.\n", "See the log:\n> line one\n> line two\n", "another text quoted, the parent known" },
	{ "Fine.\n\nAnn said this\n\nWe talked of tea\nand of milk, all of us.\n", "We talked of tea and of milk, all of us.\n", "Fine.\n\nAnn said this\n", "a copy without marks" },
	{ "Fine.\n\nFrom: Ann <a@b.org>\nSent: 3 May 2020\nTo: Bob\nSubject: Tea\n\nWe talked of tea,\nNo, of coffee!\nand of milk, all of us.\n", "We talked of tea,\nand of milk, all of us.\n", "Fine.\n\nFrom: Ann <a@b.org>\nSent: 3 May 2020\nTo: Bob\nSubject: Tea\n\nWe talked of tea,\nNo, of coffee!\nand of milk, all of us.\n", "answers inside an unmarked copy" },
	{ "Fine.\n\nFrom: Ann <a@b.org>\nSent: 3 May 2020\nTo: Bob\nSubject: Tea\n\nWe talked of tea,\nand of milk, all of us.\n\nAnn\n", "We talked of tea,\nand of milk, all of us.\n", "Fine.\n", "a known tail" },
	{ "I found this:\n\nFrom: A\nTo: B\nSubject: C\nDate: D\n\nStrange headers!\n", "Does anybody know of strange headers?\n", "I found this:\n\nFrom: A\nTo: B\nSubject: C\nDate: D\n\nStrange headers!\n", "headers shown, the parent known" },
	{ "On 3 May 2020 14:05, Ann <a@b.org> wrote:\n| one?\nYes.\n| two?\nNo.\n", "", "On 3 May 2020 14:05, Ann <a@b.org> wrote:\n| one?\nYes.\n| two?\nNo.\n", "bars for quotations" },
	{ "Hi Ann,\n\nOn 3 May 2020 14:05, Ann <a@b.org> wrote:\n\n[snip]\n\nI think not.\n", "", "Hi Ann,\n\nOn 3 May 2020 14:05, Ann <a@b.org> wrote:\n\n[snip]\n\nI think not.\n", "a quotation taken out by hand" },
	{ "Well.\n\nOn 3 May 2020 14:05, Ann <a@b.org> wrote:\n\nI think not.\n\n> Really?\n\nNo.\n", "", "Well.\n\nOn 3 May 2020 14:05, Ann <a@b.org> wrote:\n\nI think not.\n\n> Really?\n\nNo.\n", "unmarked lines above marked ones" },
	{ "> a long quoted line that some program on its way has wrapped for no\nreason\n> whatever\n", "", "> a long quoted line that some program on its way has wrapped for no\nreason\n> whatever\n", "a wrapped quotation alone" },
	{ "Yes\n\n> a long quoted line that some program on its way has wrapped for no\nreason\n> whatever\n", "", "Yes\n", "a wrapped quotation" }, { "Hello\r\n\r\nOn 3 May 2020 14:05, Ann wrote:\r\n> Hi\r\n", "", "Hello\r\n", "CRLF" }, { "\n\n  Hello\n\n\n", "", "\n\n  Hello\n\n\n", "nothing cut: as it is" },
	{ "> On 3 Mar 2026, at 14:05, Ann <ann@example.org> wrote:\n> \n> Q?\n\nLoam.\n", "", "Loam.\n", "an introduction inside the quotation, the answer below" },
	{ "> On 3 Mar 2026, at 14:05, Ann <ann@example.org>\n> wrote:\n> \n> Q?\n\nLoam.\n\n> And?\n\nSand.\n", "", "> On 3 Mar 2026, at 14:05, Ann <ann@example.org>\n> wrote:\n> \n> Q?\n\nLoam.\n\n> And?\n\nSand.\n", "the same, point by point" },
	{ "> On the third day he wrote:\n> a poem.\n\nLovely.\n", "", "> On the third day he wrote:\n> a poem.\n\nLovely.\n", "a story quoted" },
	{ "Answer\n\nAnn wrote:\n> Q\n\n-- \nBob\n", "", "Answer\n", "a signature below the quotation" }, { "Answer\n\n-- \nBob\n\nOn 3 May 2020, Ann wrote:\n> Q\n", "", "Answer\n", "a signature above the quotation" }, { "Use\n-- \nas the mark.\n" "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n", "",
	  "Use\n-- \nas the mark.\n" "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30\n", "no signature is that long" },
};

#define GMAIL_ANN "<div dir=\"ltr\" class=\"gmail_attr\">Igandea, Ann &lt;<a href=\"mailto:ann@example.org\">ann@example.org</a>&gt; 2020 zzz:<br></div>"
static const struct { const char *html, *out, *what; } pages[] = {
	{ "<div dir=ltr>Yes.</div><br><div class=\"gmail_quote\">" GMAIL_ANN "<blockquote class=\"gmail_quote\">Q?</blockquote></div>", "Yes.\n", "Gmail in a language unknown" },
	{ "<div class=\"gmail_quote\">" GMAIL_ANN "<blockquote class=\"gmail_quote\">one?</blockquote><div>Yes.</div><blockquote class=\"gmail_quote\">two?</blockquote><div>No.</div></div>", "Igandea, Ann <ann@example.org> 2020 zzz:\n>\n> one?\n\nYes.\n>\n> two?\n\nNo.\n", "Gmail, point by point" },
	{ "<div>Yes.</div><div><br></div><span class=\"gmail_signature_prefix\">-- </span><br><div class=\"gmail_signature\">Bob<br>Tea</div><div class=\"gmail_quote\">" GMAIL_ANN "<blockquote>Q</blockquote></div>", "Yes.\n", "Gmail with a signature" },
	{ "<body><p>Yes.</p><div class=\"moz-cite-prefix\">Zzz 2020, Ann zzz:<br></div><blockquote type=\"cite\" cite=\"mid:x@y\"><p>Q</p></blockquote><pre class=\"moz-signature\">-- \nBob</pre></body>", "Yes.\n", "Thunderbird" },
	{ "<div>Yes.</div><div id=\"appendonsend\"></div><hr style=\"display:inline-block\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><b>Zzz:</b> Ann<br><b>Yyy:</b> 2020</div><div>Q</div>", "Yes.\n", "Outlook on the web, in a language unknown" },
	{ "<p class=MsoNormal>Yes.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>Bob<o:p></o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Zzz:</b> Ann<br><b>Yyy:</b> 2020<br><b>Xxx:</b> Bob<br><b>Www:</b> Tea</p></div><p class=MsoNormal>Q</p>", "Yes.\n\nBob\n", "Outlook" },
	{ "<html><head></head><body><div>Yes.</div><br id=\"lineBreakAtBeginningOfSignature\"><div dir=\"ltr\">Sent from my iPhone</div><div dir=\"ltr\"><br><blockquote type=\"cite\">On 3 May 2020, at 14:05, Ann wrote:<br><br></blockquote></div><blockquote type=\"cite\"><div>Q</div></blockquote></body></html>", "Yes.\n", "Apple Mail on a phone" },
	{ "<div>Yes.</div><div id=\"ydp1yahoo_quoted_77\" class=\"ydp1yahoo_quoted\"><div>Zzz Ann zzz</div><div>Q</div></div>", "Yes.\n", "Yahoo" },
	{ "<div>Yes.</div><div class=\"protonmail_signature_block\"><div>Sent with Proton Mail</div></div><div class=\"protonmail_quote\">------- Original Message -------<br>On Sunday, May 3rd, 2020 at 14:05, Ann &lt;ann@example.org&gt; wrote:<br><blockquote class=\"protonmail_quote\" type=\"cite\">Q</blockquote></div>", "Yes.\n", "Proton" },
	{ "<style>p{}</style><p class=\"MsoNormal\">Yes.</p><p class=\"MsoNormal\">Bob</p><div id=\"divRplyFwdMsg\">Zzz</div><div>Q</div>", "Yes.\nBob\n", "structure behind a style sheet" },
	{ "<p>A rule</p><hr><p>Time: money</p><p>and more</p>", "A rule\n\n---\n\nTime: money\n\nand more\n", "a rule of the author's" },
	{ "<div class=\"gmail_quote\"><blockquote class=\"gmail_quote\">Q</blockquote></div>", "> Q\n", "only a quotation" }, { "<p>one</p><div>Signature</div>", "one\n\nSignature\n", "the word signature" },
	{ "<div>See below.</div><div>--</div><div><br></div><div>The list is at https://example.org/list</div>", "See below.\n--\n\nThe list is at https://example.org/list\n", "a rule above a link" },
	{ "<p class=MsoNormal>Yes.</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>Sent from <a href=\"https://go.microsoft.com/x\">Mail</a> for Windows</p>", "Yes.\n", "a link in a program's line" },
	{ "<blockquote type=\"cite\"><div>On 3 Mar 2026, at 14:05, Ann &lt;ann@example.org&gt; wrote:</div><br><div>Q?</div></blockquote><br><div>Loam.</div>", "Loam.\n", "an answer below, the introduction inside" },
	{ "<p>Yes.</p><div class=\"quote\"><br>\"Ann Other\" ann@example.org – 3. März 2026 14:05<blockquote>Q?</blockquote></div>", "Yes.\n", "Nextcloud" },
};

static void check_page(const char *html, const char *want, const char *what) {
	struct buf out = { 0 };
	struct trim_info info;
	trim_reply(SLICE("Content-Type: text/html; charset=utf-8\r\n\r\n"), slice_str(html), SLICE(""), &out, &info);
	is_slice(buf_slice(&out), slice_str(want), "%s", what);
	buf_free(&out);
}

static void check_mails(void) {
	struct buf out = { 0 };
	struct trim_info info;
	trim_reply(SLICE("Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\n\r\n"), SLICE("A long ans \r\nwer.\r\n\r\nOn 3 May 2020 14:05, Ann wrote: \r\n> Hi \r\n> there\r\n-- \r\nBob\r\n"), SLICE(""), &out, &info);
	is_buf(&out, "A long answer.\n", "flowed with DelSp");
	is_int(info.reasons, TRIM_QUOTE | TRIM_ATTRIBUTION | TRIM_SIGNATURE, "the reasons");
	is_int(info.lines, 4, "the lines cut");
	buf_reset(&out);
	trim_reply(SLICE("Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"), SLICE("=C9t=E9\r\n\r\nLe 3 mai 2020 =E0 14:05, Ann a =E9crit :\r\n> Hi\r\n"), SLICE(""), &out, &info);
	is_buf(&out, "Été\n", "Latin-1 in QP");
	buf_free(&out);
}

/* lines without white space at their ends; all: no white space, for in pages where it goes is a matter of taste */
static void squeeze(struct slice s, bool all, struct buf *out) {
	struct slice line;
	while (slice_line(&s, &line)) {
		while (line.n && (text_space(line.p[line.n - 1]) || line.p[line.n - 1] == '\r'))
			line.n--;
		struct slice word;
		if (!all)
			buf_addf(out, "%.*s\n", SLICE_ARG(line));
		else
			while (slice_word(&line, &word))
				buf_add_slice(out, word);
	}
	struct slice t = slice_trim(buf_slice(out));
	buf_truncate(out, (size_t)(t.p - buf_bytes(out)) + t.n);
	buf_consume(out, (size_t)(t.p - buf_bytes(out)));
}

/* --- mails as programs send them, in texts of our own: tests/corpora/replies, NAME.eml and what is published --- */

static void check_corpus(void) {
	const char *top = getenv("top_srcdir");
	char dir[400], path[700];
	unsigned n = 0;
	snprintf(dir, sizeof dir, "%s/tests/corpora/replies", top ? top : ".");
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		struct buf in = { 0 }, want = { 0 }, out = { 0 }, got = { 0 }, expect = { 0 };
		struct slice header, body, name = slice_str(e->d_name);
		struct trim_info info;
		if (!slice_ends(name, SLICE(".eml")))
			continue;
		name.n -= 4;
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		test_read_file(path, &in);
		snprintf(path, sizeof path, "%s/%.*s.txt", dir, SLICE_ARG(name));
		test_read_file(path, &want);
		field_split(buf_slice(&in), &header, &body);
		trim_reply(header, body, SLICE(""), &out, &info);
		squeeze(buf_slice(&out), false, &got);
		squeeze(buf_slice(&want), false, &expect);
		is_slice(buf_slice(&got), buf_slice(&expect), "%.*s", SLICE_ARG(name));
		n++;
		buf_free(&in), buf_free(&want), buf_free(&out), buf_free(&got), buf_free(&expect);
	}
	if (d)
		closedir(d);
	ok(n >= 20, "%u mails of the corpus", n);
}

/* --- real mail --- */

static bool score_one(const char *dir, const char *name, bool html, struct slice want) {
	struct buf in = { 0 }, out = { 0 }, got = { 0 }, expect = { 0 };
	struct slice header, body;
	struct trim_info info;
	char path[600];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (html)
		buf_adds(&in, "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
	test_read_file(path, &in);
	field_split(buf_slice(&in), &header, &body);
	trim_reply(header, body, SLICE(""), &out, &info);
	squeeze(buf_slice(&out), html, &got);
	squeeze(want, html, &expect);
	bool right = slice_eq(buf_slice(&got), buf_slice(&expect));
	if (!right)
		diag("%s: got \"%.*s\"", name, SLICE_ARG(buf_slice(&got)));
	buf_free(&in), buf_free(&out), buf_free(&got), buf_free(&expect);
	return right;
}

/* Those replies that have a file of their own there end with a signature; product text here is without. */
static void score_dir(const char *dir, const char *suffix, bool html, const char *want, unsigned *right, unsigned *all) {
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));)
		if (slice_ends(slice_str(e->d_name), slice_str(suffix))) {
			(*all)++;
			*right += score_one(dir, e->d_name, html, slice_str(want));
		}
	if (d)
		closedir(d);
}

static void check_score(void) {
	char mails[500], pages_dir[500];
	const char *dir = test_shared_path("data/reply-trimming");
	unsigned right = 0, all = 0;
	if (!dir) {
		skip(1, "no real replies at hand (data/reply-trimming)");
		return;
	}
	snprintf(mails, sizeof mails, "%s/standard_replies", dir);
	snprintf(pages_dir, sizeof pages_dir, "%s/html_replies", dir);
	score_dir(mails, ".eml", false, "Hello", &right, &all);
	score_dir(pages_dir, ".html", true, "Hi. I am fine. Thanks, Alex", &right, &all);
	diag("replies exactly right: %u of %u", right, all);
	ok(all > 0 && right * 10 >= all * 9, "at least nine in ten are right");
}

/* the worst of each kind stays linear */
static void check_bombs(void) {
	static const char *const bombs[] = { ">", "> a\n", "a\n> b\n", "-- \n", "--\na\n", "On 3 May 2020 14:05, <a@b> wrote:\n", "From: a\nTo: b\nDate: c\n", "Sent from my iPhone\n", "\n", "a\n\n", "On ", "wrote: ", ". On 3 wrote: ", "---", "<div class=gmail_quote>", "<div id=Signature>a", "<p class=MsoNormal>", "<!--",
		"<hr>", "<blockquote>a", "\xe2\x80\x8b", "a\n>\n" };
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		struct buf big = { 0 }, out = { 0 };
		struct trim_info info;
		while (buf_len(&big) < 500000)
			buf_adds(&big, bombs[i]);
		int64_t start = work_ms();
		trim_text(buf_slice(&big), slice_to(buf_slice(&big), 100000), &out, &info);
		trim_reply(SLICE("Content-Type: text/html\r\n\r\n"), buf_slice(&big), SLICE("x y z"), &out, &info);
		int64_t took = work_ms() - start;
		ok(took < 4 * WORK_MS, "half a megabyte of \"%.10s\" in %lld ms", bombs[i], (long long)took);
		buf_free(&big), buf_free(&out);
	}
}

int main(void) {
	char in[4096];
	for (size_t i = 0; i < sizeof intros / sizeof *intros; i++) {
		snprintf(in, sizeof in, "Good.\nBob\n\n%s\n\n> Is it good?\n> Or not?\n", intros[i]);
		check_text(in, "", "Good.\nBob\n", intros[i]);
		snprintf(in, sizeof in, "%s\n> Is it good?\n\nGood.\n", intros[i]);
		check_text(in, "", "Good.\n", intros[i]);
	}
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		snprintf(in, sizeof in, "Good.\n\nBob\n\n%s\n\nIs it good?\n\nOr not?\nAnn\n", blocks[i]);
		check_text(in, "", "Good.\n\nBob\n", blocks[i]);
		check_text(in, "Is it good?\n\nOr not?\n", "Good.\n\nBob\n", blocks[i]);
	}
	for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
		snprintf(in, sizeof in, "Good.\nBob\n\n%s\n", signatures[i]);
		check_text(in, "", "Good.\nBob\n", signatures[i]);
		snprintf(in, sizeof in, "Good.\n\n%s\n\nAm 03.03.2020 um 14:05 schrieb Ann Other <ann@example.org>:\n> x\n", signatures[i]);
		check_text(in, "", "Good.\n", signatures[i]);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check_text(texts[i].in, texts[i].parent, texts[i].out, texts[i].what);
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
		check_page(pages[i].html, pages[i].out, pages[i].what);
	check_mails();
	check_corpus();
	check_score();
	check_bombs();
	return done();
}
