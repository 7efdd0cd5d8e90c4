#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The arguments of the providers that are no clouds, held against what Terraform's publish: names, types, which are
required, computed, secret or deprecated, defaults, and whose change replaces the object."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from folder import Folder, actions  # noqa: E402
from tap import Tap  # noqa: E402

t = Tap()

# Each line: name, type, flags, and what more is to be tried.
#   flags    r required, o optional, c computed, s sensitive, d deprecated
#   =VALUE   the default, as a plan shows it
#   A > B    written as A at first; B instead replaces the object
#   > B      not written at first; B replaces the object
#   A ~ B    the same, but it is changed in place
STRING = """
keepers map(string) o | > { a = "b" }
length number r | 12 > 13
lower bool oc =true | > false
min_lower number oc =0 | > 1
min_numeric number oc =0 | > 1
min_special number oc =0 | > 1
min_upper number oc =0 | > 1
number bool ocd =true
numeric bool oc =true | > false
override_special string o | > "_"
special bool oc =true | > false
upper bool oc =true | > false
id string c
"""
DIGESTS = """
content_base64sha256 string c
content_base64sha512 string c
content_md5 string c
content_sha1 string c
content_sha256 string c
content_sha512 string c
id string c
"""
PUBLIC_KEY = """
public_key_fingerprint_md5 string c
public_key_fingerprint_sha256 string c
public_key_openssh string c
public_key_pem string c
id string c
"""
RESOURCES = {
    "random_id 0": """
        b64_std string c
        b64_url string c
        byte_length number r | 2 > 3
        dec string c
        hex string c
        id string c
        keepers map(string) o | { a = "a" } > { a = "b" }
        prefix string o | > "p"
    """,
    "random_bytes 0": """
        base64 string cs
        hex string cs
        keepers map(string) o | > { a = "b" }
        length number r | 2 > 3
    """,
    "random_string 2": STRING + "result string c",
    "random_password 3": STRING + "result string cs\nbcrypt_hash string cs",
    "random_pet 0": """
        id string c
        keepers map(string) o | > { a = "b" }
        length number oc =2 | > 3
        prefix string o | > "p"
        separator string oc ="-" | > "_"
    """,
    "random_integer 0": """
        id string c
        keepers map(string) o | > { a = "b" }
        max number r | 5 > 6
        min number r | 1 > 2
        result number c
        seed string o | > "s"
    """,
    "random_uuid 0": """
        id string c
        keepers map(string) o | > { a = "b" }
        result string c
    """,
    "random_shuffle 0": """
        id string c
        input list(string) r | ["a", "b"] > ["a", "c"]
        keepers map(string) o | > { a = "b" }
        result list(string) c
        result_count number o | > 1
        seed string o | > "s"
    """,
    "tls_private_key 1": PUBLIC_KEY + """
        algorithm string r | "ED25519" > "ECDSA"
        ecdsa_curve string oc ="P224" | > "P256"
        openssh_comment string o | > "ada"
        private_key_openssh string cs
        private_key_pem string cs
        private_key_pem_pkcs8 string cs
        rsa_bits number oc =2048 | > 4096
    """,
    "local_file 0": DIGESTS + """
        content string o | "a" > "b"
        content_base64 string o
        directory_permission string oc ="0777" | > "0700"
        file_permission string oc ="0777" | > "0644"
        filename string r | "a" > "b"
        sensitive_content string osd
        source string o
    """,
    "local_sensitive_file 0": DIGESTS + """
        content string os | "a" > "b"
        content_base64 string os
        directory_permission string oc ="0700" | > "0750"
        file_permission string oc ="0700" | > "0600"
        filename string r | "a" > "b"
        source string o
    """,
    "null_resource 0": """
        id string c
        triggers map(string) o | { a = "a" } > { a = "b" }
    """,
    "time_sleep 0": """
        create_duration string o | "1ms" ~ "2ms"
        destroy_duration string o | ~ "3ms"
        id string c
        triggers map(string) o | > { a = "b" }
    """,
    "time_static 0": """
        day number c
        hour number c
        id string c
        minute number c
        month number c
        rfc3339 string oc | > "2020-02-12T06:36:13Z"
        second number c
        triggers map(string) o | > { a = "b" }
        unix number c
        year number c
    """,
    "terraform_data 0": """
        id string c
        input dynamic o | "a" ~ ["b"]
        output dynamic c
        triggers_replace dynamic o | "a" > ["b"]
    """,
}
DATA = {
    "tls_public_key 0": PUBLIC_KEY + """
        algorithm string c
        private_key_openssh string os
        private_key_pem string os
    """,
    "local_file 0": DIGESTS + """
        content string c
        content_base64 string c
        filename string r
    """,
    "local_sensitive_file 0": DIGESTS + """
        content string cs
        content_base64 string cs
        filename string r
    """,
    "null_data_source 0": """
        has_computed_default string oc
        id string cd
        inputs map(string) o
        outputs map(string) c
        random string c
    """,
    "template_file 0": """
        filename string od
        id string c
        rendered string c
        template string o
        vars map(string) o
    """,
    "http 0": """
        body string cd
        ca_cert_pem string o
        client_cert_pem string o
        client_key_pem string o
        id string c
        insecure bool o
        method string o
        request_body string o
        request_headers map(string) o
        request_timeout_ms number o
        response_body string c
        response_body_base64 string c
        response_headers map(string) c
        status_code number c
        url string r
        retry.attempts number o
        retry.max_delay_ms number o
        retry.min_delay_ms number o
    """,
}
CONFIG = "\n".join(f'resource "{name.split()[0]}" "a" {{\n}}' for name in RESOURCES) + "\n" + \
         "\n".join(f'data "{name.split()[0]}" "a" {{\n}}' for name in DATA) + "\n"


def rows(text):
    for line in filter(None, map(str.strip, text.splitlines())):
        head, _, more = line.partition(" | ")
        name, kind, flags, *default = head.split(None, 3)
        sign = "~" if "~" in more else ">"
        first, _, second = more.partition(sign)
        yield name, kind, "".join(sorted(flags)), default[0][1:] if default else None, first.strip(), second.strip(), sign


def type_name(kind):
    return kind if isinstance(kind, str) else f"{kind[0]}({type_name(kind[1])})"


def published(block, prefix=""):
    flags = {"required": "r", "optional": "o", "computed": "c", "sensitive": "s", "deprecated": "d"}
    found = {prefix + name: (type_name(attr["type"]), "".join(sorted(sign for word, sign in flags.items() if attr.get(word))))
             for name, attr in block.get("attributes", {}).items()}
    for name, nested in block.get("block_types", {}).items():
        assert nested["nesting_mode"] == "single"
        found.update(published(nested["block"], name + "."))
    return found


def test_schemas():
    with Folder(config=CONFIG) as f:
        result = f.infra("providers", "schema", "-json")
        schemas = json.loads(result.out)["provider_schemas"]
        for tables, key in ((RESOURCES, "resource_schemas"), (DATA, "data_source_schemas")):
            found = {name: schema for provider, of in schemas.items() if "/aws" not in provider
                     for name, schema in of.get(key, {}).items()}
            t.same(sorted(found), sorted(name.split()[0] for name in tables), f"{key}: there are no others")
            for title, table in tables.items():
                name, version = title.split()
                t.same(found[name]["version"], int(version), f"{name}: version of the schema")
                t.same(published(found[name]["block"]), {row[0]: (row[1], row[2]) for row in rows(table)}, f"{name}: arguments")


def block(kind, arguments):
    return f'resource "{kind}" "a" {{\n' + "".join(f"  {name} = {value}\n" for name, value in arguments.items()) + "}\n"


def test_changes():
    for title, table in RESOURCES.items():
        kind = title.split()[0]
        table = list(rows(table))
        written = {row[0]: row[4] for row in table if row[4]}
        with Folder(config=block(kind, written)) as f:
            plan = f.infra("plan").out
            shown = {words[1]: words[3] for words in (line.split() for line in plan.splitlines()) if words[:1] == ["+"] and len(words) == 4}
            for name, _, _, default, *_ in table:
                if default:
                    t.same(shown.get(name), default, f"{kind}: the default of {name}")
            done = f.apply()
            t.ok(done.code == 0, f"{kind}: is made", done)
            for name, of, _, _, _, second, sign in table:
                if not second:
                    continue
                f.write(config=block(kind, {**written, name: second}))
                plan = f.infra("plan", "-refresh=false")
                wanted = "replaced" if sign == ">" else "updated in-place"
                said = any(line.split()[1:2] == [name] and "# forces replacement" in line for line in plan.out.splitlines()) or \
                    "[ # forces replacement" in plan.out or "{ # forces replacement" in plan.out
                marked = sign == ">" and of != "dynamic"  # Terraform does not mark these, and neither do we
                t.ok(actions(plan.out) == {f"{kind}.a": wanted} and said == marked, f"{kind}: another {name} is {wanted}", plan)


t.case(test_schemas)
t.case(test_changes)
t.done()
