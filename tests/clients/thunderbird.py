"""Thunderbird without a screen, driven from inside by Marionette (marionette.py).

    t = Thunderbird(prefs); t.run(javascript) -> its value      the script is the body of an async function
Skips the whole test where Thunderbird cannot be driven. Ends with the test."""
import base64, json, os, shutil, subprocess, tempfile
from forumtest import *
from marionette import Marionette

PREFS = {"mail.provider.suppress_dialog_on_startup": True, "mail.spotlight.firstRunDone": True,
         "datareporting.policy.dataSubmissionEnabled": False, "app.update.disabledForTesting": True, "mailnews.start_page.enabled": False,
         "mail.shell.checkDefaultClient": False, "app.donation.eoy.version.viewed": 999, "network.dns.disableIPv6": True,
         "mail.server.default.notify.on": False, "mail.server.default.max_articles": 5000, "services.settings.server": "data:,",
         "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False, "mail.instrumentation.postUrl": "",
         "extensions.getAddons.cache.enabled": False, "mailnews.auto_config.fetchFromISP.enabled": False, "app.normandy.enabled": False}

# what the scripts share
LIB = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
let listener = () => { let l = {}; l.promise = new Promise((yes, no) => { l.OnStartRunningUrl = () => {};
  l.OnStopRunningUrl = (url, code) => Components.isSuccessCode(code) ? yes(url && url.spec) : no("url " + code.toString(16)); }); return l; };
let read = uri => new Promise((yes, no) => { let text = "";
  MailServices.messageServiceFromURI(uri).streamMessage(uri, { QueryInterface: ChromeUtils.generateQI(["nsIStreamListener"]), onStartRequest() {},
    onDataAvailable(r, stream, off, n) { let b = Cc["@mozilla.org/binaryinputstream;1"].createInstance(Ci.nsIBinaryInputStream); b.setInputStream(stream);
      text += b.readBytes(n); },
    onStopRequest(r, code) { Components.isSuccessCode(code) ? yes(text) : no("stream " + code.toString(16)); } }, null, null, false, ""); });
"""


class Thunderbird:
    def __init__(self, prefs=(), lib=""):
        need("thunderbird")
        self.lib = LIB + lib
        self.profile = tempfile.mkdtemp(prefix="thunderbird-")
        at_end(shutil.rmtree, self.profile, True)
        port = free_ports(1)[0]
        with open(os.path.join(self.profile, "user.js"), "w") as f:
            f.write("".join("user_pref(%s, %s);\n" % (json.dumps(k), json.dumps(v)) for k, v in dict(PREFS, **dict(prefs, **{"marionette.port": port})).items()))
        log = open(os.path.join(self.profile, "log"), "wb")
        self.p = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "thunderbird", "--marionette", "-remote-allow-system-access", "--headless", "--no-remote", "--profile", self.profile],
                                  env=dict(os.environ, MOZ_HEADLESS="1", HOME=self.profile, LC_ALL="C.UTF-8"), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        at_end(self.end)
        try:
            self.m = Marionette(port, 100 * SLOW)
        except (OSError, EOFError) as e:
            skip_all("thunderbird cannot be driven here: %s" % e)

    def run(self, text):
        return self.m.script(self.lib + text)

    def version(self):
        return self.m.script('return Services.appinfo.name + " " + Services.appinfo.version;')

    def picture(self):
        """its window as PNG"""
        return base64.b64decode(self.m.call("WebDriver:TakeScreenshot", {"full": False})["value"])

    def end(self):
        if self.p.poll() is None:
            self.p.terminate()
            try:
                self.p.wait(20)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
