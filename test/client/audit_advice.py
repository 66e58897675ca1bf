#!/usr/bin/env python3
"""Does the advice that `stet audit` gives work?

What stands between `backquotes` in src/audit/advice.tbl is read by the server or language that it is
for. Then Debian's servers are set up as they come, a fault is found in each, what is advised is
written into its configuration, and the fault must be gone, and no worse one there. Servers that are
not installed are named, and count as nothing.
"""
import ast
import re
import subprocess
import sys

import audit
import audit_peers
import harness

sys.path.insert(0, str(harness.ROOT / "script/lib"))
import findings  # noqa: E402 pylint: disable=wrong-import-position

GROUPS, ADVICE = findings.read()
WORDS = {row[0]: row[2] for _, rows in GROUPS for row in rows}
MODULES = ("headers", "include", "expires", "filter", "deflate", "mime")
SITE = audit_peers.FILES


def snippets(server):
    """(finding, snippet) of a server's advice."""
    return [(WORDS[name], snippet) for name, rows in ADVICE.items() for where, text in rows
            if where == server for snippet in re.findall(r"`([^`]*)`", text)]


def accepted(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    return done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")[-600:]


def nginx(folder, snippet):
    outside, inside = (snippet, "") if snippet.startswith("map ") else ("", snippet)
    harness.write(folder / "n.conf", f"""error_log stderr; pid {folder}/pid; events {{}}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
map "" $cache_status_here {{ default ""; }}
{outside} server {{ listen 127.0.0.1:8; {inside.replace("$cache_status;", "$cache_status_here;")} }} }}
""")
    return accepted(["nginx", "-t", "-p", folder, "-c", folder / "n.conf"])


def apache(folder, snippet):
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                      for name in ("mpm_event", *MODULES))
    harness.write(folder / "a.conf", f"{modules}ServerName x\nErrorLog /dev/stderr\n"
                                     f"DefaultRuntimeDir {folder}\n{snippet}\n")
    return accepted(["apache2", "-t", "-f", folder / "a.conf"])


def caddy(folder, snippet):
    harness.write(folder / "Caddyfile", f"{{\n admin off\n}}\nhttp://127.0.0.1:8 {{\n{snippet}\n}}\n")
    return accepted(["caddy", "validate", "--adapter", "caddyfile", "--config", folder / "Caddyfile"])


def express(folder, snippet):
    harness.write(folder / "a.cjs", "(app, express, session, req, res, root, assets, hash, tagOf, secret) "
                                    f"=> {{\n{snippet}\n}};\n")
    return accepted(["node", "--check", folder / "a.cjs"])


def django(_, snippet):
    try:
        ast.parse(snippet + ("\ndef view(request): ..." if snippet.startswith("@") else ""))
    except SyntaxError as error:
        return False, str(error)
    return True, ""


def rails(folder, snippet):
    return accepted(["ruby", "-c", harness.write(folder / "a.rb", snippet)])


READERS = {"nginx": ("nginx", nginx), "Apache": ("apache2", apache), "Caddy": ("caddy", caddy),
           "Express": ("node", express), "Django": ("python3", django), "Rails": ("ruby", rails)}


def read(report):
    """each piece of configuration is read by what it is for"""
    for server, (program, reader) in READERS.items():
        if not harness.shutil.which(program):
            report.skip(server, f"{program} is not installed")
            continue
        with harness.place() as folder:
            folder.chmod(0o755)
            for word, snippet in snippets(server):
                good, said = reader(folder, snippet)
                report.check(f"{server}: {word}: {snippet}", good, said)
        report.check(f"{server}: there is some", snippets(server))


def known(report):
    """no advice is for what nobody knows, and none is read by nobody"""
    servers = {where for rows in ADVICE.values() for where, _ in rows}
    report.equal("servers", servers - set(READERS), {"S3/CDN", "stet"})
    for name, rows in ADVICE.items():
        report.equal(f"{name}: once for each", len(rows), len({where for where, _ in rows}))
        for where, text in rows:
            report.check(f"{name}: {where}: quotes close", text.count("`") % 2 == 0)


# ---- cures ----

# What each server has of itself, on this path, and what its advice takes away.
CURES = {
    "nginx": (("page.html", "coding-without-vary"), ("page.html", "date-later-ignored"),
              ("page.html", "cache-control-missing"), ("app.4f3c9a1b.js", "coding-none"),
              ("page.html", "order-tag-needs-date")),
    "Apache": (("page.html", "coding-tag-ignored"), ("page.html", "304-without-vary"),
               ("page.html", "cache-control-missing"), ("page.html", "order-tag-needs-date"),
               ("page.html", "order-date-over-match")),
    "Caddy": (("page.html", "cache-control-missing"), ("page.html", "304-without-vary"),
              ("page.html", "vary-inconsistent")),
}
# What a cure costs: a weak tag beside a Range is compared as if it were none.
PRICES = {("Apache", "coding-tag-ignored"): {"order-range-before-condition"}}
# Given to a fingerprint: "assets/" is where the advice says that it lies.
ASSET = "assets/app.4f3c9a1b.js"


def configured(server, folder, extra, port):
    """The peer's own configuration with something in it; its command."""
    command = audit_peers.PEERS[server][2](folder, folder / "site", port)
    path = folder / {"nginx": "nginx.conf", "Apache": "apache.conf", "Caddy": "Caddyfile"}[server]
    text = path.read_text()
    if server == "nginx":
        text = text.replace(f"root {folder / 'site'};", f"root {folder / 'site'}; {' '.join(extra)}")
    elif server == "Apache":
        loaded = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
                           for name in MODULES if f"mod_{name}.so" not in text)
        text = f"{loaded}\n{text}\n" + "\n".join(extra) + "\n"
    else:
        text = text.replace("  file_server\n", "  file_server\n" + "\n".join(extra) + "\n")
    path.write_text(text)
    return command


def looked_at(server, path, extra):
    """What is found, by level, under a configuration."""
    with harness.place() as folder:
        folder.chmod(0o755)
        for name, content in {**SITE, ASSET: SITE["app.4f3c9a1b.js"]}.items():
            harness.write(folder / "site" / name, content)
        for name in (folder / "site").rglob("*.*"):
            harness.os.utime(name, ns=(audit_peers.OLD, audit_peers.OLD))
        port = audit_peers.free_port()
        with audit_peers.running(configured(server, folder, extra, port), folder, port) as url:
            return audit.Run(url + path)


def cure(report, server, path, word):
    before = looked_at(server, path, [])
    extra = [snippet for name, snippet in snippets(server) if name == word]
    after = looked_at(server, path, extra)
    report.check(f"{server}: {word} is there", word in before.found("bad", "warn", "info"),
                 before.found("bad", "warn", "info"))
    report.check(f"{server}: {word} is cured by {extra}", after.urls and
                 word not in after.found("bad", "warn", "info"), after.text[-2000:])
    for level in ("bad", "warn"):
        report.equal(f"{server}: {word}: nothing new that is {level}",
                     sorted(after.found(level) - before.found(level)
                            - PRICES.get((server, word), set())), [])


def cured(report):
    """what is advised takes the fault away"""
    for server, faults in CURES.items():
        if not harness.shutil.which(READERS[server][0]):
            report.skip(server, "it is not installed")
            continue
        for path, word in faults:
            cure(report, server, path, word)
        advised = [one for name, one in snippets(server) if name == "cache-control-missing"]
        run = looked_at(server, ASSET, advised)
        report.match(f"{server}: what carries a fingerprint is kept", run.urls[0]["cache_control"],
                     "^max-age=31536000, immutable$")


def told_apart(report):
    """Apache, as advised, tells versions of one size and time apart, and is not moved by a touch"""
    if not harness.shutil.which("apache2"):
        report.skip("Apache", "it is not installed")
        return
    for word in ("lying-304", "needless-200"):
        extra = [snippet for name, snippet in snippets("Apache") if name == word][-1:]
        with harness.place() as folder:
            folder.chmod(0o755)
            small = harness.write(folder / "site/small.txt", b"version 1\n")
            harness.os.utime(small, ns=(audit_peers.OLD, audit_peers.OLD))
            port = audit_peers.free_port()

            def change():
                if word == "lying-304":
                    small.write_bytes(b"version 2\n")
                    harness.os.utime(small, ns=(audit_peers.OLD, audit_peers.OLD))
                else:
                    harness.os.utime(small)
            with audit_peers.running(configured("Apache", folder, extra, port), folder, port) as url:
                run = audit_peers.over_time(folder, url + "small.txt", change)
        report.equal(f"{word} with {extra}", word in run.found("bad", "warn"), False)
        report.check("it was proved", run.found("good") & {"true-304", "true-change"}, run.found("good"))


if __name__ == "__main__":
    sys.exit(harness.run(known, read, cured, told_apart))
