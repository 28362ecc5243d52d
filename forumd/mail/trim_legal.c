/* trim_legal.c - the paragraph that companies put below every mail: who may read it, and what those must do who may not.
 * It must begin as such paragraphs begin, and speak of secrecy, of the wrong reader and of the mail itself; or do so so
 * much that nothing else is left. Who only writes about such paragraphs keeps his words. */
#include "forumd/base/text.h"
#include "forumd/mail/trim_private.h"

#define LEGAL_LINES 40
#define LEGAL_MIN 100
#define LEGAL_MAX 6000

static const char *const legal_begins[] = {
	"this e-mail", "this email", "this message", "this communication", "this transmission", "the information", "the content of this", "the contents of this",
	"confidential", "disclaimer", "important notice", "notice:", "notice of confidentiality", "legal notice", "privileged", "e-mail confidential",
	"diese e-mail", "diese nachricht", "diese mail", "der inhalt dieser", "die information", "vertraulich", "haftungsausschluss",
	"ce message", "ce courriel", "ce courrier", "cet e-mail", "cet email", "le contenu de ce", "les informations", "avis de confidentialité", "l'information",
	"este mensaje", "este correo", "este e-mail", "la información", "aviso legal", "aviso de confidencialidad", "el contenido de este",
	"le informazioni", "questo messaggio", "questa e-mail", "questa email", "il contenuto", "il presente messaggio", "la presente e-mail", "ai sensi", "avviso di riservatezza",
	"de informatie", "dit bericht", "dit e-mailbericht", "deze e-mail", "de inhoud van", "esta mensagem", "esta comunicação", "as informações", "o conteúdo desta",
	"niniejsza", "ta wiadomość", "informacja zawarta", "informacje zawarte", "treść tej", "denna e-post", "detta meddelande", "detta e-post", "denne e-mail",
	"denne mail", "denne e-posten", "denne meldingen", "denne besked", "informationen i", "tämä viesti", "tämä sähköposti", "tato zpráva", "tento e-mail", "obsah tohoto", "обратите внимание",
	"это сообщение", "данное сообщение", "настоящее сообщение", "информация, содерж", "це повідомлення", "bu e-posta", "bu mesaj", "bu ileti", "ez az e-mail", "ez az üzenet", "acest mesaj", "acest e-mail",
	"本邮件", "此邮件", "本電子郵件", "このメール", "本メール", "この電子メール", "본 메일", "이 메일", "본 전자우편", "το παρόν", "αυτό το μήνυμα", NULL
};
static const char *const legal_secret[] = {
	"confidential", "privileged", "proprietary", "vertraulich", "geschützt", "confidentiel", "confidencia", "riservat", "confidenzial", "vertrouwelijk", "poufn", "konfidenti",
	"fortrolig", "luottamuksel", "důvěrn", "dôvern", "конфиденциальн", "конфіденційн", "gizli", "bizalmas", "保密", "機密", "秘密", "기밀", "비밀", "εμπιστευτικ", NULL
};
static const char *const legal_reader[] = {
	"intended recipient", "intended solely", "intended only", "sole use", "in error", "addressee", "notify the sender", "named recipient", "disclos", "disseminat",
	"adressat", "empfänger", "irrtümlich", "absender", "vernicht", "destinataire", "par erreur", "expéditeur", "destinatari", "por error", "per errore", "mittente", "remitente",
	"geadresseerde", "ten onrechte", "afzender", "por engano", "por erro", "remetente", "omyłkow", "nadawc", "mottagare", "avsändare", "modtager", "afsender", "mottaker", "avsender", "vastaanottaja",
	"adresát", "odesílatel", "получател", "отправител", "одержувач", "alıcı", "gönderen", "címzett", "destinatar", "expeditor", "收件人", "误收", "受信者", "宛先", "수신자", "수신인", "παραλήπτη", NULL
};
static const char *const legal_mail[] = {
	"mail", "message", "communication", "transmission", "nachricht", "courriel", "mensaje", "correo", "messaggio", "bericht", "mensagem", "wiadomo", "meddelande", "meddelelse", "melding", "besked",
	"viesti", "zpráv", "správ", "сообщен", "повідомлен", "ileti", "mesaj", "üzenet", "邮件", "郵件", "メール", "메일", "μήνυμα", NULL
};

static unsigned legal_count(struct slice text, const char *const *table) {
	unsigned n = 0;
	for (; *table; table++)
		n += slice_find(text, slice_str(*table)) >= 0;
	return n;
}

static bool legal_text(struct slice text) {
	struct slice begin = text;
	while (begin.n && (begin.p[0] == '*' || begin.p[0] == '_' || begin.p[0] == ' '))
		begin = slice_from(begin, 1);
	unsigned secret = legal_count(text, legal_secret);
	if (!secret || legal_count(text, legal_reader) < 2 || !legal_count(text, legal_mail))
		return false;
	return trim_starts_any(begin, legal_begins) || secret >= 2;
}

size_t trim_legal(const struct trim *t, size_t end) {
	struct buf text = { 0 };
	size_t from = end;
	while (from > 0 && t->v[from - 1].kind == TRIM_TEXT && end - from < LEGAL_LINES)
		from--;
	if (from > 0 && t->v[from - 1].kind == TRIM_TEXT)    /* longer than any of them */
		return end;
	for (size_t i = from; i < end && buf_len(&text) <= LEGAL_MAX; i++) {
		buf_addc(&text, ' ');
		if (t->v[i].fold.n)
			buf_add_slice(&text, t->v[i].fold);
		else
			text_fold(slice_to(t->v[i].text, LEGAL_MAX), &text);
	}
	bool legal = buf_len(&text) >= LEGAL_MIN && buf_len(&text) <= LEGAL_MAX && legal_text(slice_from(buf_slice(&text), 1));
	buf_free(&text);
	return legal ? from : end;
}
