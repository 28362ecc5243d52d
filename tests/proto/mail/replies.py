"""Replies as mail programs write them, in texts of our own: replies() -> [(name, mail, what the author wrote)].

What a program does to a reply is in its template: how it introduces the quotation and marks it, what it adds below, how it
wraps, which parts it makes. Names of months and the like are as the program prints them in that language."""
import base64, quopri

WORDS = "Loam suits it, I think.\n\nWater it in May."
THEIRS = "Which soil does it like?\nAnd how much water does it need in a dry summer like the last one?\n\nAlice"
ADDRESS = "test.pub@forum.test"
NAME = "Alice Moor via Public things"


def mail(body, kind="text/plain", extra="", charset="utf-8", encoding=None):
    raw = body.encode(charset) if isinstance(body, str) else body
    head = "Content-Type: %s; charset=%s%s\r\n" % (kind, charset, extra)
    if encoding == "qp":
        raw, head = quopri.encodestring(raw.replace(b"\r\n", b"\n")), head + "Content-Transfer-Encoding: quoted-printable\r\n"
    elif encoding == "base64":
        raw, head = base64.encodebytes(raw), head + "Content-Transfer-Encoding: base64\r\n"
    return ("From: Bob Fenn <bob@example.org>\r\nTo: <%s>\r\nSubject: Re: Quince\r\nIn-Reply-To: <quince@example.org>\r\n"
            "Message-ID: <reply@example.org>\r\nMIME-Version: 1.0\r\n" % ADDRESS + head + "\r\n").encode() + raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def alternative(plain, html):
    b = "=_b0undary"
    return ("From: Bob Fenn <bob@example.org>\r\nTo: <%s>\r\nSubject: Re: Quince\r\nIn-Reply-To: <quince@example.org>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" % (ADDRESS, b, b)).encode() + \
        plain.replace("\n", "\r\n").encode() + ("\r\n--%s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" % b).encode() + \
        html.replace("\n", "\r\n").encode() + ("\r\n--%s--\r\n" % b).encode()


def quoted(text, mark="> "):
    return "".join((mark + l).rstrip() + "\n" for l in text.split("\n"))


def para(text):
    return "".join("<div>%s</div>\n" % (l or "<br>") for l in text.split("\n"))


# ---- introductions above lines with '>' ----
N, A = NAME, ADDRESS
INTRO = {
    "thunderbird en": "On 5/3/26 10:11, %s wrote:" % N,
    "thunderbird en-GB": "On 03/05/2026 10:11, %s wrote:" % N,
    "thunderbird de": "Am 03.05.26 um 10:11 schrieb %s:" % N,
    "thunderbird fr": "Le 03/05/2026 à 10:11, %s a écrit :" % N,
    "thunderbird es": "El 3/5/26 a las 10:11, %s escribió:" % N,
    "thunderbird it": "Il 03/05/26 10:11, %s ha scritto:" % N,
    "thunderbird nl": "Op 03-05-2026 om 10:11 schreef %s:" % N,
    "thunderbird pl": "W dniu 3.05.2026 o 10:11, %s pisze:" % N,
    "thunderbird ru": "03.05.2026 10:11, %s пишет:" % N,
    "thunderbird sv": "Den 2026-05-03 kl. 10:11, skrev %s:" % N,
    "thunderbird da": "Den 03.05.2026 kl. 10.11 skrev %s:" % N,
    "thunderbird nb": "Den 03.05.2026 10:11, skrev %s:" % N,
    "thunderbird fi": "%s kirjoitti 3.5.2026 klo 10.11:" % N,
    "thunderbird pt": "Às 10:11 de 03/05/2026, %s escreveu:" % N,
    "thunderbird pt-BR": "Em 03/05/2026 10:11, %s escreveu:" % N,
    "thunderbird ja": "On 2026/05/03 10:11, %s wrote:" % N,
    "thunderbird zh": "在 2026/5/3 10:11, %s 写道:" % N,
    "thunderbird zh-TW": "%s 於 2026/5/3 上午 10:11 寫道:" % N,
    "thunderbird ko": "26. 5. 3. 10:11에 %s 이(가) 쓴 글:" % N,
    "thunderbird tr": "3.05.2026 10:11 tarihinde %s yazdı:" % N,
    "thunderbird cs": "Dne 03. 05. 26 v 10:11 %s napsal(a):" % N,
    "thunderbird sk": "Dňa 3. 5. 2026 o 10:11 %s napísal(a):" % N,
    "thunderbird hu": "2026. 05. 03. 10:11 keltezéssel, %s írta:" % N,
    "thunderbird uk": "03.05.26 10:11, %s пише:" % N,
    "thunderbird el": "Στις 3/5/2026 10:11, ο/η %s έγραψε:" % N,
    "thunderbird ro": "Pe 03.05.2026 10:11, %s a scris:" % N,
    "thunderbird sl": "%s je 3. 5. 2026 ob 10:11 napisal:" % N,
    "thunderbird ca": "Missatge de %s del dia 3/5/2026 a les 10:11:" % N,
    "thunderbird et": "%s kirjutas 03.05.2026 10:11:" % N,
    "gmail en": "On Sun, May 3, 2026 at 10:11\u202fAM %s <%s> wrote:" % (N, A),
    "gmail en wrapped": "On Sun, May 3, 2026 at 10:11 AM %s <\n%s> wrote:" % (N, A),
    "gmail en wrapped late": "On Sun, May 3, 2026 at 10:11 AM %s <%s>\nwrote:" % (N, A),
    "gmail en-GB": "On Sun, 3 May 2026 at 10:11, %s <%s>\nwrote:" % (N, A),
    "gmail de": "Am So., 3. Mai 2026 um 10:11 Uhr schrieb %s <\n%s>:" % (N, A),
    "gmail fr": "Le dim. 3 mai 2026 à 10:11, %s <%s> a\nécrit :" % (N, A),
    "gmail es": "El dom, 3 may 2026 a las 10:11, %s (<%s>)\nescribió:" % (N, A),
    "gmail it": "Il giorno dom 3 mag 2026 alle ore 10:11 %s <\n%s> ha scritto:" % (N, A),
    "gmail nl": "Op zo 3 mei 2026 om 10:11 schreef %s <%s>:" % (N, A),
    "gmail pl": "niedz., 3 maj 2026 o 10:11 %s <%s>\nnapisał(a):" % (N, A),
    "gmail ru": "вс, 3 мая 2026 г. в 10:11, %s <%s>:" % (N, A),
    "gmail sv": "Den sön 3 maj 2026 kl 10:11 skrev %s <\n%s>:" % (N, A),
    "gmail da": "Den søn. 3. maj 2026 kl. 10.11 skrev %s <\n%s>:" % (N, A),
    "gmail nb": "søn. 3. mai 2026 kl. 10:11 skrev %s <\n%s>:" % (N, A),
    "gmail fi": "su 3.5.2026 klo 10.11 %s (%s)\nkirjoitti:" % (N, A),
    "gmail pt": "%s <%s> escreveu (domingo, 3/05/2026 à(s)\n10:11):" % (N, A),
    "gmail pt-BR": "Em dom., 3 de mai. de 2026 às 10:11, %s <\n%s> escreveu:" % (N, A),
    "gmail ja": "2026年5月3日(日) 10:11 %s <%s>:" % (N, A),
    "gmail zh": "%s <%s> 于2026年5月3日周日 10:11写道：" % (N, A),
    "gmail zh-TW": "%s <%s> 於 2026年5月3日週日 上午10:11寫道：" % (N, A),
    "gmail ko": "2026년 5월 3일 (일) 오전 10:11, %s <%s>님이 작성:" % (N, A),
    "gmail tr": "%s <%s>, 3 May 2026 Paz, 10:11 tarihinde\nşunu yazdı:" % (N, A),
    "gmail cs": "ne 3. 5. 2026 v 10:11 odesílatel %s <%s>\nnapsal:" % (N, A),
    "gmail hu": "%s <%s> ezt írta (időpont: 2026. máj. 3., V,\n10:11):" % (N, A),
    "gmail el": "Στις Κυρ 3 Μαΐ 2026 στις 10:11 π.μ., ο χρήστης %s <\n%s> έγραψε:" % (N, A),
    "gmail he": "\u202bבתאריך יום א׳, 3 במאי 2026 ב-10:11 מאת \u202a%s\u202c\u200f <\u202a%s\u202c\u200f>:\u202c" % (N, A),
    "apple en": "On 3 May 2026, at 10:11, %s <%s> wrote:" % (N, A),
    "apple en-US": "On May 3, 2026, at 10:11\u202fAM, %s <%s> wrote:" % (N, A),
    "apple de": "Am 03.05.2026 um 10:11 schrieb %s <%s>:" % (N, A),
    "apple fr": "Le 3 mai 2026 à 10:11, %s <%s> a écrit :" % (N, A),
    "apple es": "El 3 may 2026, a las 10:11, %s <%s> escribió:" % (N, A),
    "apple it": "Il giorno 3 mag 2026, alle ore 10:11, %s <%s> ha scritto:" % (N, A),
    "apple nl": "Op 3 mei 2026, om 10:11 heeft %s <%s> het volgende geschreven:" % (N, A),
    "apple sv": "3 maj 2026 kl. 10:11 skrev %s <%s>:" % (N, A),
    "apple da": "Den 3. maj 2026 kl. 10.11 skrev %s <%s>:" % (N, A),
    "apple nb": "3. mai 2026 kl. 10:11 skrev %s <%s>:" % (N, A),
    "apple fi": "%s <%s> kirjoitti 3.5.2026 kello 10.11:" % (N, A),
    "apple pl": "Wiadomość napisana przez %s <%s> w dniu 3 maj 2026, o godz. 10:11:" % (N, A),
    "apple pt": "No dia 03/05/2026, às 10:11, %s <%s> escreveu:" % (N, A),
    "apple ru": "3 мая 2026 г., в 10:11, %s <%s> написал(а):" % (N, A),
    "apple cs": "3. 5. 2026 v 10:11, %s <%s>:" % (N, A),
    "apple ja": "2026/05/03 10:11、%s <%s>のメール:" % (N, A),
    "apple zh": "2026年5月3日 10:11，%s <%s> 写道：" % (N, A),
    "apple ko": "2026. 5. 3. 오전 10:11, %s <%s> 작성:" % (N, A),
    "apple tr": "%s <%s> şunları yazdı (3 May 2026 10:11):" % (N, A),
    "proton": "On Sunday, May 3rd, 2026 at 10:11 AM, %s <%s> wrote:" % (N, A),
    "proton de": "%s <%s> schrieb am Sonntag, 3. Mai 2026 um 10:11:" % (N, A),
    "proton fr": "Le dimanche 3 mai 2026 à 10:11, %s <%s> a écrit :" % (N, A),
    "mutt": "On Sun, May 03, 2026 at 10:11:12AM +0200, %s wrote:" % N,
    "mutt iso": "* %s <%s> [2026-05-03 10:11]:" % (N, A),
    "neomutt quoting": "Quoting %s (2026-05-03 10:11:12)" % N,
    "alpine": "On Sun, 3 May 2026, %s wrote:" % N,
    "evolution": "On Sun, 2026-05-03 at 10:11 +0200, %s wrote:" % N,
    "evolution de": "Am Sonntag, dem 03.05.2026 um 10:11 +0200 schrieb %s:" % N,
    "evolution fr": "Le dimanche 03 mai 2026 à 10:11 +0200, %s a écrit :" % N,
    "kmail": "On Sunday, 3 May 2026 10:11:12 CEST %s wrote:" % N,
    "kmail de": "Am Sonntag, 3. Mai 2026, 10:11:12 CEST schrieb %s:" % N,
    "claws": "On Sun, 3 May 2026 10:11:12 +0200\n%s <%s> wrote:" % (N, A),
    "claws de": "Am Sun, 3 May 2026 10:11:12 +0200\nschrieb %s <%s>:" % (N, A),
    "gnus": "%s <%s> writes:" % (N, A),
    "roundcube": "On 2026-05-03 10:11, %s wrote:" % N,
    "roundcube de": "Am 2026-05-03 10:11, schrieb %s:" % N,
    "roundcube fr": "Le 2026-05-03 10:11, %s a écrit :" % N,
    "open-xchange": "On 05/03/2026 10:11 AM CEST %s <%s> wrote:" % (N, A),
    "open-xchange de": "%s <%s> hat am 03.05.2026 10:11 CEST geschrieben:" % (N, A),
    "open-xchange it": "Il 03/05/2026 10:11 CEST %s <%s> ha scritto:" % (N, A),
    "horde": "Quoting %s <%s>:" % (N, A),
    "horde de": "Zitat von %s <%s>:" % (N, A),
    "k-9": "Am 3. Mai 2026 10:11:12 MESZ schrieb %s <%s>:" % (N, A),
    "fairemail": "On May 3, 2026 10:11:12 AM GMT+02:00, %s <%s> wrote:" % (N, A),
    "aqua mail": "On 3 May 2026 10:11:12 %s <%s> wrote:" % (N, A),
    "bluemail": "On May 3, 2026, 10:11 AM, at 10:11 AM, %s <%s> wrote:" % (N, A),
    "spark": "On 3 May 2026 at 10:11 +0200, %s <%s>, wrote:" % (N, A),
    "mailspring": "On May 3 2026, at 10:11 am, %s <%s> wrote:" % (N, A),
    "fastmail": "On Sun, 3 May 2026, at 10:11 AM, %s wrote:" % N,
    "hey": "On May 3, 2026, %s <%s> wrote:" % (N, A),
    "missive": "On May 3, 2026 at 10:11am %s <%s> wrote:" % (N, A),
    "superhuman": "On Sun, May 03, 2026 at 10:11 AM, %s < %s > wrote:" % (N, A),
    "zoho": "---- On Sun, 03 May 2026 10:11:12 +0200 %s <%s> wrote ----" % (N, A),
    "tuta": "May 3, 2026, 10:11 by %s:" % A,
    "tuta de": "3. Mai 2026, 10:11 von %s:" % A,
    "mail.ru": "Воскресенье, 3 мая 2026, 10:11 +03:00 от %s <%s>:" % (N, A),
    "yandex": "03.05.2026, 10:11, \"%s\" <%s>:" % (N, A),
    "163": "At 2026-05-03 10:11:12, \"%s\" <%s> wrote:" % (N, A),
    "163 zh": "在 2026-05-03 10:11:12，\"%s\" <%s> 写道：" % (N, A),
    "wp.pl": "Dnia 3 maja 2026 10:11 %s <%s> napisał(a):" % (N, A),
    "pegasus": "On 3 May 2026 at 10:11, %s wrote:" % N,
    "the bat": "3 May 2026 10:11:12, you wrote:",
    "notes": "%s <%s> wrote on 05/03/2026 10:11:12 AM:" % (N, A),
    "mailmate": "On 3 May 2026, at 10:11, %s wrote:" % N,
    "slrn": "On 2026-05-03, %s <%s> wrote:" % (N, A),
    "vivaldi": "On 03/05/2026 10:11, %s <%s> wrote:" % (N, A),
}


def plain_quoted():
    for who, intro in INTRO.items():
        yield "%s, answer above" % who, mail("%s\n\n%s\n%s" % (WORDS, intro, quoted(THEIRS))), WORDS
        yield "%s, answer below" % who, mail("%s\n%s\n%s\n" % (intro, quoted(THEIRS), WORDS)), WORDS
        between = "%s\n> Which soil does it like?\n\nLoam.\n\n> And how much water?\n\nLittle." % intro
        yield "%s, answers between" % who, mail(between + "\n"), between
        yield "%s, empty line and old quotation" % who, mail("%s\n\n%s\n\n%s" % (WORDS, intro, quoted(THEIRS + "\n\n" + intro + "\n> Old.\n>> Older."))), WORDS


# ---- programs that put the old mail below a block, unmarked ----
# From, Sent, To, Subject as Outlook and its like print them
OUTLOOK = {
    "en": ("From", "Sent", "To", "Subject", "Sunday, May 3, 2026 10:11 AM"), "de": ("Von", "Gesendet", "An", "Betreff", "Sonntag, 3. Mai 2026 10:11"),
    "fr": ("De", "Envoyé", "À", "Objet", "dimanche 3 mai 2026 10:11"), "es": ("De", "Enviado el", "Para", "Asunto", "domingo, 3 de mayo de 2026 10:11"),
    "it": ("Da", "Inviato", "A", "Oggetto", "domenica 3 maggio 2026 10:11"), "nl": ("Van", "Verzonden", "Aan", "Onderwerp", "zondag 3 mei 2026 10:11"),
    "pl": ("Od", "Wysłano", "Do", "Temat", "niedziela, 3 maja 2026 10:11"), "ru": ("От", "Отправлено", "Кому", "Тема", "воскресенье, 3 мая 2026 г. 10:11"),
    "sv": ("Från", "Skickat", "Till", "Ämne", "den 3 maj 2026 10:11"), "da": ("Fra", "Sendt", "Til", "Emne", "3. maj 2026 10:11"),
    "nb": ("Fra", "Sendt", "Til", "Emne", "søndag 3. mai 2026 10:11"), "fi": ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe", "sunnuntai 3. toukokuuta 2026 10.11"),
    "pt": ("De", "Enviada", "Para", "Assunto", "3 de maio de 2026 10:11"), "pt-BR": ("De", "Enviada em", "Para", "Assunto", "domingo, 3 de maio de 2026 10:11"),
    "ja": ("差出人", "送信日時", "宛先", "件名", "2026年5月3日 10:11"), "zh": ("发件人", "发送时间", "收件人", "主题", "2026年5月3日 10:11"),
    "zh-TW": ("寄件者", "寄件日期", "收件者", "主旨", "2026年5月3日 上午 10:11"), "ko": ("보낸 사람", "보낸 날짜", "받는 사람", "제목", "2026년 5월 3일 일요일 오전 10:11"),
    "tr": ("Gönderen", "Gönderildi", "Kime", "Konu", "3 Mayıs 2026 Pazar 10:11"), "tr new": ("Kimden", "Gönderme Tarihi", "Kime", "Konu", "3 Mayıs 2026 Pazar 10:11"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět", "neděle 3. května 2026 10:11"), "sk": ("Od", "Odoslané", "Komu", "Predmet", "nedeľa 3. mája 2026 10:11"),
    "hu": ("Feladó", "Elküldve", "Címzett", "Tárgy", "2026. május 3., vasárnap 10:11"), "ro": ("De la", "Trimis", "Către", "Subiect", "duminică, 3 mai 2026 10:11"),
    "el": ("Από", "Στάλθηκε", "Προς", "Θέμα", "Κυριακή, 3 Μαΐου 2026 10:11 πμ"), "uk": ("Від", "Надіслано", "Кому", "Тема", "3 травня 2026 р. 10:11"),
    "bg": ("От", "Изпратено", "До", "Относно", "неделя, 3 май 2026 г. 10:11"), "hr": ("Šalje", "Poslano", "Prima", "Predmet", "3. svibnja 2026. 10:11"),
    "sl": ("Od", "Poslano", "Za", "Zadeva", "nedelja, 03. maj 2026 10:11"), "et": ("Saatja", "Saadetud", "Adressaat", "Teema", "pühapäev, 3. mai 2026 10:11"),
    "lt": ("Nuo", "Išsiųsta", "Iki", "Tema", "2026 m. gegužės 3 d. 10:11"), "lv": ("No", "Nosūtīts", "Kam", "Tēma", "svētdiena, 2026. gada 3. maijs 10:11"),
    "he": ("מאת", "נשלח", "אל", "נושא", "יום ראשון 3 מאי 2026 10:11"), "ar": ("من", "تم الإرسال", "إلى", "الموضوع", "03/مايو/2026 10:11 ص"),
    "vi": ("Từ", "Đã gửi", "Đến", "Chủ đề", "Chủ Nhật, 3 tháng 5, 2026 10:11 SA"), "id": ("Dari", "Terkirim", "Kepada", "Subjek", "Minggu, 03 Mei 2026 10:11"),
    "th": ("จาก", "ส่ง", "ถึง", "เรื่อง", "3 พฤษภาคม 2569 10:11"), "ca": ("De", "Enviat el", "Per a", "Tema", "diumenge, 3 de maig de 2026 10:11"),
}
TITLE = {"en": "Original Message", "de": "Ursprüngliche Nachricht", "fr": "Message d'origine", "es": "Mensaje original", "it": "Messaggio originale",
         "nl": "Oorspronkelijk bericht", "pl": "Oryginalna wiadomość", "ru": "Исходное сообщение", "sv": "Ursprungligt meddelande", "da": "Oprindelig meddelelse",
         "nb": "Opprinnelig melding", "fi": "Alkuperäinen viesti", "pt": "Mensagem original", "ja": "元のメッセージ", "zh": "原始邮件", "ko": "원본 메시지",
         "tr": "Özgün İleti", "cs": "Původní zpráva"}
PHONE = {"en": "Sent from my iPhone", "de": "Von meinem iPhone gesendet", "fr": "Envoyé de mon iPhone", "es": "Enviado desde mi iPhone", "it": "Inviato da iPhone",
         "nl": "Verstuurd vanaf mijn iPhone", "pl": "Wysłane z iPhone'a", "ru": "Отправлено с iPhone", "sv": "Skickat från min iPhone", "da": "Sendt fra min iPhone",
         "nb": "Sendt fra min iPhone", "fi": "Lähetetty iPhonesta", "pt": "Enviado do meu iPhone", "ja": "iPhoneから送信", "zh": "发自我的iPhone", "zh-TW": "從我的iPhone傳送",
         "ko": "나의 iPhone에서 보냄", "tr": "iPhone'umdan gönderildi", "cs": "Odesláno z mého iPhonu", "hu": "Az iPhone készülékemről küldve", "uk": "Надіслано з iPhone",
         "el": "Στάλθηκε από το iPhone μου", "sk": "Odoslané z iPhonu", "ro": "Trimis de pe iPhone-ul meu", "he": "נשלח מה-iPhone שלי", "ca": "Enviat des del meu iPhone"}
ANDROID = {"en": "Sent from my Galaxy", "de": "Von meinem/meiner Galaxy gesendet", "fr": "Envoyé à partir de mon appareil Galaxy", "es": "Enviado desde mi Galaxy", "it": "Inviato dal mio Galaxy",
           "nl": "Verzonden vanaf mijn Galaxy", "pl": "Wysłane z mojego Galaxy", "ru": "Отправлено с Galaxy", "sv": "Skickat från min Galaxy", "da": "Sendt fra min Galaxy",
           "nb": "Sendt fra min Galaxy", "fi": "Lähetetty Galaxy-laitteesta", "pt": "Enviado do meu Galaxy", "ko": "나의 Galaxy에서 보냄", "tr": "Galaxy cihazımdan gönderildi", "cs": "Odesláno z mého Galaxy"}
OUTLOOK_APP = {"en": "Get Outlook for iOS<https://aka.ms/o0ukef>", "de": "Outlook für iOS<https://aka.ms/o0ukef> beziehen", "fr": "Obtenir Outlook pour iOS<https://aka.ms/o0ukef>",
               "es": "Obtener Outlook para iOS<https://aka.ms/o0ukef>", "it": "Scarica Outlook per iOS<https://aka.ms/o0ukef>", "nl": "Outlook voor iOS<https://aka.ms/o0ukef> downloaden",
               "pl": "Pobierz aplikację Outlook dla systemu iOS<https://aka.ms/o0ukef>", "ru": "Скачайте Outlook для iOS<https://aka.ms/o0ukef>", "sv": "Hämta Outlook för iOS<https://aka.ms/o0ukef>",
               "da": "Hent Outlook til iOS<https://aka.ms/o0ukef>", "nb": "Skaff deg Outlook for iOS<https://aka.ms/o0ukef>", "fi": "Hanki Outlook for iOS<https://aka.ms/o0ukef>",
               "pt": "Obter o Outlook para iOS<https://aka.ms/o0ukef>", "ja": "Outlook for iOS<https://aka.ms/o0ukef>を入手", "zh": "获取 Outlook for iOS<https://aka.ms/o0ukef>",
               "ko": "iOS용 Outlook<https://aka.ms/o0ukef> 다운로드", "tr": "iOS için Outlook<https://aka.ms/o0ukef> uygulamasını edinin", "cs": "Získat Outlook pro iOS<https://aka.ms/o0ukef>"}


def block(lang, sep=": ", bold=False):
    f, s, t, j, date = OUTLOOK[lang]
    if bold:
        f, s, t, j = ["*%s:*" % x for x in (f, s, t, j)]
        sep = " "
    return "%s%s%s <%s>\n%s%s%s\n%s%s%s <%s>\n%s%sRe: Quince\n" % (f, sep, NAME, ADDRESS, s, sep, date, t, sep, "Bob Fenn", "bob@example.org", j, sep)


def outlook_html(lang, rule):
    f, s, t, j, date = OUTLOOK[lang]
    colon = " :" if lang == "fr" else ":"
    head = "<b>%s%s</b> %s &lt;%s&gt;<br>\n<b>%s%s</b> %s<br>\n<b>%s%s</b> Bob Fenn<br>\n<b>%s%s</b> Re: Quince" % (
        f, colon, NAME, ADDRESS, s, colon, date, t, colon, j, colon)
    old = "".join("<p class=\"MsoNormal\">%s<o:p></o:p></p>\n" % (l or "&nbsp;") for l in THEIRS.split("\n"))
    own = "".join("<p class=\"MsoNormal\">%s<o:p></o:p></p>\n" % (l or "&nbsp;") for l in WORDS.split("\n"))
    if rule == "desktop":
        return ("<html><head><style>p.MsoNormal {margin:0cm}</style></head><body lang=\"EN-GB\"><div class=\"WordSection1\">\n%s<p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p>\n"
                "<div><div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm\">\n<p class=\"MsoNormal\">%s<o:p></o:p></p></div></div>\n<p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p>\n%s</div></body></html>" % (own, head, old))
    if rule == "owa":
        return ("<html><head><style>P {margin-top:0}</style></head><body dir=\"ltr\"><div class=\"elementToProof\">%s</div><div class=\"elementToProof\"><br></div>\n"
                "<div id=\"appendonsend\"></div>\n<hr style=\"display:inline-block;width:98%%\" tabindex=\"-1\">\n<div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri\">%s</font><div>&nbsp;</div></div>\n<div>%s</div></body></html>"
                % ("</div><div class=\"elementToProof\">".join(l or "<br>" for l in WORDS.split("\n")), head, para(THEIRS)))
    return ("<html><body><div dir=\"auto\" style=\"font-size:12pt\">%s</div>\n<div id=\"ms-outlook-mobile-signature\" dir=\"auto\">%s</div>\n<div id=\"mail-editor-reference-message-container\">\n"
            "<hr style=\"display: inline-block; width: 98%%;\"><div id=\"divRplyFwdMsg\"><font>%s</font></div>%s</div></body></html>"
            % (WORDS.replace("\n", "<br>\n"), "Get <a href=\"https://aka.ms/o0ukef\">Outlook for iOS</a>", head, para(THEIRS)))


def blocks():
    for lang in OUTLOOK:
        b, e = block(lang), THEIRS + "\n"
        yield "outlook %s, plain" % lang, mail("%s\n\n%s\n%s" % (WORDS, b, e)), WORDS
        yield "outlook %s, bold" % lang, mail("%s\n\n%s\n%s" % (WORDS, block(lang, bold=True), e)), WORDS
        yield "outlook %s, line" % lang, mail("%s\n\n________________________________\n%s\n%s" % (WORDS, b, e)), WORDS
        yield "outlook %s, html" % lang, mail(outlook_html(lang, "desktop"), "text/html"), WORDS
        yield "owa %s, html" % lang, mail(outlook_html(lang, "owa"), "text/html", encoding="qp"), WORDS
        yield "outlook app %s, html" % lang, mail(outlook_html(lang, "app"), "text/html", encoding="base64"), WORDS
        yield "outlook %s, two deep" % lang, mail("%s\n\n%s\n%s\n\n%s\nOlder.\n" % (WORDS, b, e, block("en"))), WORDS
    for lang, title in TITLE.items():
        yield "title %s" % lang, mail("%s\n\n-----%s-----\n%s\n%s\n" % (WORDS, title, block(lang), THEIRS)), WORDS
        yield "title %s, wide" % lang, mail("%s\n\n----- %s -----\n%s\n%s\n" % (WORDS, title, block(lang), THEIRS)), WORDS
        f, s, t, j, date = OUTLOOK[lang]
        one = "-------- %s --------%s: %s <%s> %s: 03/05/2026  10:11  (GMT+01:00) %s: bob@example.org %s: Re: Quince %s\n" % (title, f, NAME, ADDRESS, s, t, j, THEIRS)
        yield "samsung %s, header in one line" % lang, mail("%s\n%s\n" % (WORDS, one)), WORDS
        yield "samsung %s" % lang, mail("%s\n\n\n%s\n-------- %s --------\n%s\n%s\n" % (WORDS, ANDROID.get(lang, PHONE["en"]), title, block(lang), THEIRS)), WORDS
    for lang, line in PHONE.items():
        intro = INTRO.get("apple " + lang, INTRO["apple en"])
        yield "iphone %s" % lang, mail("%s\n\n%s\n\n%s\n\n%s" % (WORDS, line, quoted(intro).strip(), quoted("\n" + THEIRS))), WORDS
        yield "iphone %s, introduction outside" % lang, mail("%s\n\n%s\n\n%s\n%s" % (WORDS, line, intro, quoted("\n" + THEIRS))), WORDS
        yield "iphone %s, no quotation" % lang, mail("%s\n\n%s\n" % (WORDS, line)), WORDS
    for lang, line in ANDROID.items():
        yield "galaxy %s, no quotation" % lang, mail("%s\n\n%s\n" % (WORDS, line)), WORDS
    for lang, line in OUTLOOK_APP.items():
        yield "outlook app %s, plain" % lang, mail("%s\n\n%s\n________________________________\n%s\n%s\n" % (WORDS, line, block(lang), THEIRS)), WORDS
        yield "outlook app %s, no quotation" % lang, mail("%s\n\n%s\n" % (WORDS, line)), WORDS


def single():
    h = "From: %s <%s>\nSent: 03 May 2026 10:11\nTo: bob@example.org\nSubject: Re: Quince\n\n%s\n" % (NAME, ADDRESS, THEIRS)
    yield "windows mail", mail("%s\n\nSent from Mail for Windows\n\n%s" % (WORDS, h)), WORDS
    yield "windows 10 mail", mail("%s\n\nSent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows 10\n\n%s" % (WORDS, h)), WORDS
    yield "yahoo plain", mail(" %s\n\n    On Sunday, 3 May 2026 at 10:11:12 am GMT+1, %s <%s> wrote:  \n \n %s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "yahoo de", mail("%s\n\n    Am Sonntag, 3. Mai 2026 um 10:11:12 MESZ hat %s <%s> Folgendes geschrieben:  \n \n %s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "yahoo fr", mail("%s\n\n    Le dimanche 3 mai 2026 à 10:11:12 UTC+2, %s <%s> a écrit :  \n \n %s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "yahoo es", mail("%s\n\n    En domingo, 3 de mayo de 2026, 10:11:12 CEST, %s <%s> escribió:  \n \n %s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "yahoo it", mail("%s\n\n    Il domenica 3 maggio 2026 alle ore 10:11:12 CEST, %s <%s> ha scritto:  \n \n %s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "yahoo pt", mail("%s\n\n    Em domingo, 3 de maio de 2026 às 10:11:12 BRT, %s <%s> escreveu:  \n \n %s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "yahoo app", mail("%s\n\nSent from Yahoo Mail on Android \n \n  On Sun, 3 May 2026 at 10:11, %s<%s> wrote:   %s\n  \n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "yahoo app, organise", mail("%s\n\nYahoo Mail: Search, Organize, Conquer \n \n  On Sun, 3 May 2026 at 10:11, %s<%s> wrote:   %s\n  \n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "yahoo html", mail("<html><head></head><body><div class=\"ydp1yahoo-style-wrap\" style=\"font-family:sans-serif\">%s</div><div id=\"ydp2yahoo_quoted_123\" class=\"ydp2yahoo_quoted\"><div>\n<div>On Sunday, 3 May 2026 at 10:11:12 am GMT+1, %s &lt;%s&gt; wrote:</div><div><br></div>%s</div></div></body></html>" % (para(WORDS), NAME, ADDRESS, para(THEIRS)), "text/html"), WORDS
    yield "aol", mail("%s\n\n\n-----Original Message-----\nFrom: %s <%s>\nTo: bob@example.org\nSent: Sun, May 3, 2026 10:11 am\nSubject: Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "gmx", mail("%s\n\n \n\nGesendet: Sonntag, 03. Mai 2026 um 10:11 Uhr\nVon: \"%s\" <%s>\nAn: bob@example.org\nBetreff: Re: Quince\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "gmx html", mail("<html><body><div style=\"font-family: Verdana\">%s<div>&nbsp;\n<div name=\"quote\" style=\"margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;\">\n<div style=\"margin:0 0 10px 0;\"><b>Gesendet:</b>&nbsp;Sonntag, 03. Mai 2026 um 10:11 Uhr<br/><b>Von:</b>&nbsp;&quot;%s&quot; &lt;%s&gt;<br/><b>An:</b>&nbsp;bob@example.org<br/><b>Betreff:</b>&nbsp;Re: Quince</div><div name=\"quoted-content\">%s</div></div></div></div></body></html>" % (para(WORDS), NAME, ADDRESS, para(THEIRS)), "text/html"), WORDS
    yield "zimbra", mail("%s\n\n----- Mail original -----\nDe: \"%s\" <%s>\nÀ: bob@example.org\nEnvoyé: Dimanche 3 Mai 2026 10:11:12\nObjet: Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "zimbra de", mail("%s\n\n----- Am 3. Mai 2026 um 10:11 schrieb %s %s:\n\n%s" % (WORDS, NAME, ADDRESS, quoted(THEIRS))), WORDS
    yield "zimbra en", mail("%s\n\n----- On May 3, 2026, at 10:11 AM, %s %s wrote:\n\n%s" % (WORDS, NAME, ADDRESS, quoted(THEIRS))), WORDS
    yield "seznam", mail("%s\n\n---------- Původní e-mail ----------\nOd: %s <%s>\nKomu: bob@example.org\nDatum: 3. 5. 2026 10:11:12\nPředmět: Re: Quince\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "qq", mail("%s\n\n\n\n\n------------------ 原始邮件 ------------------\n发件人: \"%s\" <%s>;\n发送时间: 2026年5月3日(星期天) 上午10:11\n收件人: \"bob\"<bob@example.org>;\n主题: Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "qq en", mail("%s\n\n\n------------------ Original ------------------\nFrom: \"%s\" <%s>;\nDate: Sun, May 3, 2026 10:11 AM\nTo: \"bob\"<bob@example.org>;\nSubject: Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "163 app", mail("%s\n\n---- 回复的原邮件 ----\n| 发件人 | %s<%s> |\n| 日期 | 2026年05月03日 10:11 |\n| 收件人 | bob@example.org |\n| 主题 | Re: Quince |\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "163 app en", mail("%s\n\n---- Replied Message ----\n| From | %s<%s> |\n| Date | 05/03/2026 10:11 |\n| To | bob@example.org |\n| Subject | Re: Quince |\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "naver", mail("%s\n\n-----Original Message-----\nFrom: \"%s\" <%s>\nTo: <bob@example.org>;\nCc:\nSent: 2026-05-03 (일) 10:11:12 (GMT+09:00)\nSubject: Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "daum", mail("%s\n\n--------- 원본 메일 ---------\n보낸사람 : %s <%s>\n받는사람 : bob@example.org\n날짜 : 2026년 5월 3일 일요일, 10시 11분 12초 +0900\n제목 : Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "notes block", mail("%s\n\n-----%s wrote: -----\nTo: bob@example.org\nFrom: %s\nDate: 05/03/2026 10:11AM\nSubject: Re: Quince\n\n%s\n" % (WORDS, NAME, NAME, THEIRS)), WORDS
    yield "notes quoted header", mail("%s\n\n%s wrote on 05/03/2026 10:11:12 AM:\n\n> From: %s <%s>\n> To: bob@example.org\n> Date: 05/03/2026 10:11 AM\n> Subject: Re: Quince\n>\n%s" % (WORDS, NAME, NAME, ADDRESS, quoted(THEIRS))), WORDS
    yield "notes table", mail("%s\n\n\n\nFrom:\t%s <%s>\nTo:\tbob@example.org\nDate:\t03.05.2026 10:11\nSubject:\tRe: Quince\n\n\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "em client", mail("%s\n\n------ Original Message ------\nFrom: \"%s\" <%s>\nTo: bob@example.org\nSent: 03/05/2026 10:11:12\nSubject: Re: Quince\n\n%s" % (WORDS, NAME, ADDRESS, quoted(THEIRS, ">"))), WORDS
    yield "em client 9", mail("%s\n\n------ Original Message ------\nFrom \"%s\" <%s>\nTo bob@example.org\nDate 03/05/2026 10:11:12\nSubject Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "em client 9 de", mail("%s\n\n------ Originalnachricht ------\nVon \"%s\" <%s>\nAn bob@example.org\nDatum 03.05.2026 10:11:12\nBetreff Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "groupwise", mail("%s\n\n>>> %s <%s> 05/03/26 10:11 AM >>>\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "superhuman, unmarked", mail("%s\n\nSent via Superhuman ( https://sprh.mn/?vip=bob@example.org )\n\nOn Sun, May 03, 2026 at 10:11 AM, %s < %s > wrote:\n\n> \n> %s\n" % (WORDS, NAME, ADDRESS, THEIRS.replace("\n", "\n> "))), WORDS
    yield "proton, its own line", mail("%s\n\nSent with [Proton Mail](https://proton.me/mail/home) secure email.\n\n%s\n\n%s" % (WORDS, INTRO["proton"], quoted(THEIRS))), WORDS
    yield "proton app", mail("%s\n\nSent from Proton Mail for iOS\n\n%s\n\n%s" % (WORDS, INTRO["proton"], quoted(THEIRS))), WORDS
    yield "proton app, linked", mail("%s\n\nSent from [Proton Mail](https://proton.me/mail/home) for Android.\n\n-------- Original Message --------\nOn Sunday, 05/03/26 at 10:11 %s <%s> wrote:\n\n%s" % (WORDS, NAME, ADDRESS, quoted(THEIRS))), WORDS
    yield "k-9, its own line above", mail("%s\n\n-- \nDiese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.\n\n%s\n%s" % (WORDS, INTRO["k-9"], quoted(THEIRS, ">"))), WORDS
    yield "thunderbird for android", mail("%s\n\n-------- Original Message --------\nFrom: %s <%s>\nSent: 3 May 2026 10:11:12 CEST\nTo: bob@example.org\nSubject: Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "blackberry", mail("%s\n\nSent from my BlackBerry® smartphone\n\n-----Original Message-----\nFrom: %s <%s>\nDate: Sun, 3 May 2026 10:11:12 \nTo: <bob@example.org>\nSubject: Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "canary", mail("%s\n\n—\nSent from Canary (https://canarymail.io)\n\n> On Sunday, May 03, 2026 at 10:11 AM, %s <%s (mailto:%s)> wrote:\n%s" % (WORDS, NAME, ADDRESS, ADDRESS, quoted(THEIRS))), WORDS
    yield "spark, its own line", mail("%s\n\nSent with Spark\nOn 3 May 2026 at 10:11 +0200, %s <%s>, wrote:\n%s" % (WORDS, NAME, ADDRESS, quoted(THEIRS))), WORDS
    yield "edison", mail("%s\n\nSent from Edison Mail (https://mail.onelink.me/107872968?pid=nativeplacement&c=Global)\n\nOn May 3, 2026 at 10:11 AM, %s <%s> wrote:\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "nine", mail("%s\n\nSent from Nine\n________________________________\nFrom: %s <%s>\nSent: Sunday, 3 May 2026 10:11\nTo: bob@example.org\nSubject: Re: Quince\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "gmail on a phone", mail("%s\n\nOn Sun, May 3, 2026, 10:11 AM %s <%s> wrote:\n\n%s" % (WORDS, NAME, ADDRESS, quoted(THEIRS))), WORDS
    yield "proton, older", mail("%s\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Sunday, May 3rd, 2026 at 10:11 AM, %s <%s> wrote:\n\n%s" % (WORDS, NAME, ADDRESS, quoted(THEIRS))), WORDS
    yield "mail.ru, unmarked", mail("%s\n\nВоскресенье, 3 мая 2026, 10:11 +03:00 от %s <%s>:\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "rambler, unmarked", mail("%s\n\n03.05.2026, 10:11, \"%s\" <%s>:\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "web.de, without a colon", mail("%s\n\nAm 03.05.26 um 10:11 schrieb %s\n\n%s" % (WORDS, NAME, quoted(THEIRS))), WORDS
    yield "a picture of a signature", mail("%s\n\n[cid:image001.png@01DC0000.12345678]\n\n%s\n%s\n" % (WORDS, block("en"), THEIRS)), WORDS
    yield "la poste", mail("%s\n\n> Message du 03/05/26 10:11\n> De : \"%s\" <%s>\n> A : bob@example.org\n> Objet : Quince\n> \n%s" % (WORDS, NAME, ADDRESS, quoted(THEIRS))), WORDS
    yield "t-online", mail("%s\n\n-----Original-Nachricht-----\nBetreff: Quince\nDatum: 2026-05-03T10:11:12+0200\nVon: \"%s\" <%s>\nAn: bob@example.org\n\n%s\n" % (WORDS, NAME, ADDRESS, THEIRS)), WORDS
    yield "aol, dated", mail("%s\n\nIn a message dated 5/3/2026 10:11:12 AM Eastern Daylight Time, %s writes:\n\n%s\n" % (WORDS, ADDRESS, THEIRS)), WORDS
    for lang in ("en", "de", "fr", "ja"):
        intro = INTRO["gmail " + lang].replace("\n", " ")
        html = ("<div dir=\"ltr\">%s</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">%s<br></div>"
                "<blockquote class=\"gmail_quote\" style=\"margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex\">%s</blockquote></div>\n"
                % (para(WORDS), intro.replace("<", "&lt;").replace(">", "&gt;"), para(THEIRS)))
        yield "gmail %s, html alone" % lang, mail(html, "text/html"), WORDS
        yield "gmail %s, both" % lang, alternative("%s\n\n%s\n\n%s" % (WORDS, INTRO["gmail " + lang], quoted(THEIRS)), html), WORDS
    html = ("<!DOCTYPE html><html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\"></head><body>%s<br>"
            "<div class=\"moz-cite-prefix\">Am 03.05.26 um 10:11 schrieb %s:<br></div><blockquote type=\"cite\" cite=\"mid:quince@example.org\">%s</blockquote></body></html>" % (para(WORDS), NAME, para(THEIRS)))
    yield "thunderbird html alone", mail(html, "text/html"), WORDS
    html = ("<html><body style=\"word-wrap: break-word\">%s<br id=\"lineBreakAtBeginningOfMessage\"><div><br><blockquote type=\"cite\"><div>On 3 May 2026, at 10:11, %s &lt;%s&gt; wrote:</div><br class=\"Apple-interchange-newline\"><div>%s</div></blockquote></div></body></html>" % (para(WORDS), NAME, ADDRESS, para(THEIRS)))
    yield "apple html alone", mail(html, "text/html"), WORDS
    html = ("<div style=\"font-family: Arial\">%s</div><div class=\"protonmail_signature_block\"><div class=\"protonmail_signature_block-proton\">Sent with <a href=\"https://proton.me/mail/home\">Proton Mail</a> secure email.</div></div>"
            "<div class=\"protonmail_quote\">On Sunday, May 3rd, 2026 at 10:11 AM, %s &lt;%s&gt; wrote:<br><blockquote class=\"protonmail_quote\" type=\"cite\">%s</blockquote></div>" % (para(WORDS), NAME, ADDRESS, para(THEIRS)))
    yield "proton html alone", mail(html, "text/html"), WORDS
    html = "<html><body><div dir=\"auto\">%s</div><div dir=\"auto\"><br></div><div dir=\"auto\" id=\"composer_signature\"><div>Sent from my Galaxy</div></div><div><br></div><div align=\"left\" dir=\"auto\" style=\"font-size:100%%;color:#000000\"><div>-------- Original message --------</div><div>From: %s &lt;%s&gt; </div><div>Date: 03/05/2026  10:11  (GMT+01:00) </div><div>To: bob@example.org </div><div>Subject: Re: Quince </div><div><br></div></div>%s</body></html>" % (para(WORDS), NAME, ADDRESS, para(THEIRS))
    yield "samsung html alone", mail(html, "text/html"), WORDS


# ---- what stays ----
def kept():
    def same(name, text):
        return name, mail(text + "\n"), text
    yield same("forwarded mail stays", "See what Carol wrote to me, I may show it:\n\n---------- Forwarded message ---------\nFrom: Carol Reed <carol@example.org>\nDate: Sun, 3 May 2026 at 09:00\nSubject: Quince jelly\nTo: Bob Fenn <bob@example.org>\n\nTwo pounds of sugar.")
    yield same("code with > stays", "Try this:\n\n```\n$ sort < in > out\n> second prompt\n> third prompt\n```\n\nand tell me.")
    yield same("code that is a mail stays", "Gmail writes\n\n```\nOn Sun, May 3, 2026 at 10:11 AM Ann <ann@example.org> wrote:\n\n> Which soil?\n```\n\nabove it.")
    yield same("a header in prose stays", "I sent this:\n\nFrom: me\nTo: you\nSubject: soil\n\nDid it arrive?")
    yield same("somebody's words with a sentence above", "I agree with what Ann wrote:\n\n> Loam.\n\nand I would add sand.")
    yield same("As Ann wrote", "As Ann wrote:\n\n> Loam.\n\nShe is right.")
    yield same("shell prompt stays", "The program asks:\n\n    > list\n    > quit\n\nThen it ends.")
    yield same("a line that begins with On", "Two things.\n\nOn Tuesday we meet at 10:30, as Ann wrote: be there.\nBring spades.")
    yield same("From in a sentence", "My reasons:\n\nFrom: the south wall to the gate it is dry.\nTo: the north it is wet.\n\nSo plant it in the middle.")
    yield same("dashes as a rule", "First part.\n\n-----\n\nSecond part, which is as long as the first and belongs to it.")
    yield same("two dashes in a list", "Needs:\n-- spade\n-- fork\n-- string")
    yield same("sent from in prose", "It was sent from my sister's garden, so I know the soil.\nShe told me.")
    yield same("a poem with a colon", "As the old gardener wrote:\n\nPlant in the dark of the moon,\nwater in the light of noon.")
    yield same("regards stay", "Loam.\n\nRegards,\nBob")
    yield same("French guillemets", "« Which soil? »\n\nLoam.")
    yield same("smiley and arrow", "It works now :)\n> that is what I had hoped\nBest wishes to all.")
    yield same("interleaved and a last word", "On 3 May 2026, at 10:11, Alice Moor wrote:\n\n> Which soil?\n\nLoam.\n\n> How much water?\n\nLittle.\n\nGood luck!")
    yield same("an address in the text", "Write to carol@example.org, she said on 3 May 2026 at 10:11:\nshe has seeds.")
    # interleaved, with a tail of quotation that nobody answers
    head = "On 3 May 2026, at 10:11, Alice Moor wrote:\n\n> Which soil does it like?\n\nLoam."
    yield "interleaved, tail of the quotation goes", mail(head + "\n\n> And how much water does it need in a dry summer like the last one?\n>\n> Alice\n"), head
    yield "interleaved, signature goes", mail(head + "\n\n> How much water?\n\nLittle.\n\n-- \nBob Fenn\nbob@example.org\n"), head + "\n\n> How much water?\n\nLittle."
    for name, sig in SIGNATURES.items():
        yield "signature: " + name, mail("%s\n\n%s\n" % (WORDS, sig)), WORDS
        yield "signature above the quotation: " + name, mail("%s\n\n%s\n\n%s\n%s" % (WORDS, sig, INTRO["thunderbird en"], quoted(THEIRS))), WORDS
    for name, text in DISCLAIMERS.items():
        yield "disclaimer: " + name, mail("%s\n\n%s\n" % (WORDS, text)), WORDS
        yield "disclaimer below the quotation: " + name, mail("%s\n\n%s\n%s\n%s\n" % (WORDS, INTRO["thunderbird en"], quoted(THEIRS), text)), WORDS
    for name, text in FOOTERS.items():
        yield "footer: " + name, mail("%s\n\n%s\n" % (WORDS, text)), WORDS
        yield "footer below the quotation: " + name, mail("%s\n\n%s\n%s\n%s\n" % (WORDS, INTRO["thunderbird en"], quoted(THEIRS), text)), WORDS


SIGNATURES = {
    "dashes": "-- \nBob Fenn\nhttps://fenn.example/",
    "dashes, no blank": "--\nBob Fenn\n+44 1632 960123",
    "long": "-- \nBob Fenn | Head gardener\nThe Old Orchard, Nether Wallop\ntel. +44 1632 960123\nbob@example.org\n\n\"A garden is never finished.\"",
    "underscores": "__________________________\nBob Fenn\nThe Old Orchard\nTel: +44 1632 960123\nbob@example.org",
}
DISCLAIMERS = {
    "en": "This e-mail and any attachments are confidential and intended solely for the use of the individual to whom it is addressed. If you have received it in error, please notify the sender and delete it.",
    "en notice": "CONFIDENTIALITY NOTICE: The information contained in this message may be privileged and confidential and protected from disclosure. If the reader of this message is not the intended recipient, any dissemination is prohibited.",
    "en company": "The Old Orchard Ltd is registered in England No 01234567. This message (including any attachments) is confidential and may be legally privileged. If you are not the intended recipient, you should not disclose, copy or use any part of it.",
    "de": "Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der richtige Adressat sind, informieren Sie bitte sofort den Absender und vernichten Sie diese Mail.",
    "fr": "Ce message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de ses destinataires. Si vous avez reçu ce message par erreur, merci de le détruire et d'en avertir l'expéditeur.",
    "es": "Este mensaje y sus archivos adjuntos son confidenciales y van dirigidos exclusivamente a su destinatario. Si ha recibido este correo por error, le rogamos que lo comunique al remitente y lo elimine.",
    "it": "Le informazioni contenute in questo messaggio sono riservate e destinate esclusivamente al destinatario. Se avete ricevuto questo messaggio per errore, vi preghiamo di avvisare il mittente e di cancellarlo.",
    "nl": "De informatie verzonden in dit e-mailbericht is vertrouwelijk en uitsluitend bestemd voor de geadresseerde. Indien u dit bericht ten onrechte heeft ontvangen, wordt u verzocht de afzender te waarschuwen.",
    "pt": "Esta mensagem e seus anexos podem conter informações confidenciais e destinam-se exclusivamente ao destinatário. Se você a recebeu por engano, avise o remetente e apague-a.",
    "pl": "Niniejsza wiadomość oraz załączniki są poufne i przeznaczone wyłącznie dla adresata. Jeżeli otrzymali ją Państwo omyłkowo, prosimy o powiadomienie nadawcy i jej usunięcie.",
}
FOOTERS = {
    "mailman": "_______________________________________________\nGarden mailing list\nGarden@lists.example.org\nhttps://lists.example.org/mailman/listinfo/garden",
    "mailman 3": "_______________________________________________\nGarden mailing list -- garden@lists.example.org\nTo unsubscribe send an email to garden-leave@lists.example.org\nhttps://lists.example.org/mailman3/lists/garden.lists.example.org/",
    "google groups": "-- \nYou received this message because you are subscribed to the Google Groups \"Garden\" group.\nTo unsubscribe from this group and stop receiving emails from it, send an email to garden+unsubscribe@googlegroups.com.\nTo view this discussion visit https://groups.google.com/d/msgid/garden/x.",
    "groups.io": "-=-=-=-=-=-=-=-=-=-=-=-\nGroups.io Links: You receive all messages sent to this group.\nView/Reply Online (#123): https://groups.io/g/garden/message/123\nMute This Topic: https://groups.io/mt/1/2\nGroup Owner: garden+owner@groups.io\nUnsubscribe: https://groups.io/g/garden/unsub [bob@example.org]\n-=-=-=-=-=-=-=-=-=-=-=-",
    "avast": "-- \nThis email has been checked for viruses by Avast antivirus software.\nwww.avast.com",
    "avast new": "Virus-free.www.avast.com<https://www.avast.com/sig-email?utm_medium=email>",
    "avast de": "Virenfrei.www.avast.com<https://www.avast.com/sig-email>",
    "avg": "---\nThis email has been checked for viruses by AVG.\nhttps://www.avg.com",
}


def replies():
    for make in plain_quoted, blocks, single, kept:
        yield from make()
