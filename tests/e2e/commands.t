#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands from end to end, with terraform_data alone: no cloud is needed."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

INFRA = os.environ.get('INFRA', os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'build', 'infra'))
SECRET = 'hunter2-never-to-be-seen'
MAIN = '''
variable "secret" {
  type      = string
  sensitive = true
}
resource "terraform_data" "a" { input = "one" }
resource "terraform_data" "b" {
  count = 2
  input = { s = var.secret, of = terraform_data.a.output }
}
module "m" { source = "./m" }
output "o" { value = terraform_data.a.output }
output "s" {
  value     = var.secret
  sensitive = true
}
'''
folder = tempfile.mkdtemp(prefix='commands.')
results = []


def run(*argv, status=0, stdout=subprocess.PIPE, before=()):
    env = {k: v for k, v in os.environ.items() if not k.startswith(('TF_', 'AWS_', 'INFRA_'))}
    env.update(HOME=folder + '/home', XDG_CONFIG_HOME=folder + '/home/.config', TF_VAR_secret=SECRET)
    p = subprocess.run(list(before) + [INFRA] + list(argv), cwd=folder + '/p', env=env, stdin=subprocess.DEVNULL, stdout=stdout,
                       stderr=subprocess.PIPE, timeout=120)
    out, err = (p.stdout or b'').decode(), p.stderr.decode()
    if p.returncode != status:
        results.append((False, 'infra %s: exit status %d, not %d' % (' '.join(argv), p.returncode, status), out + err))
    return out, err


def holds(what, condition, shown=''):
    results.append((bool(condition), what, shown))


def write(text):
    with open(folder + '/p/main.tf', 'w') as f:
        f.write(text)


try:
    os.makedirs(folder + '/p/m')
    write(MAIN)
    with open(folder + '/p/m/main.tf', 'w') as f:
        f.write('resource "terraform_data" "in" { input = "m" }\n')
    out, err = run('plan', '-detailed-exitcode', '-out=p.plan', status=2)
    holds('a plan counts', 'Plan: 4 to add, 0 to change, 0 to destroy.' in out, out)
    holds('a saved plan is its owner\'s alone', os.stat(folder + '/p/p.plan').st_mode & 0o777 == 0o600)
    shown = json.loads(run('show', '-json', 'p.plan')[0])
    holds('a saved plan as JSON', shown['format_version'] == '1.2' and len(shown['resource_changes']) == 4)
    holds('a saved plan as text', 'terraform_data.a will be created' in run('show', 'p.plan')[0])
    out, err = run('apply', '-target=terraform_data.a', 'p.plan', status=1)
    holds('options for planning are refused with a saved plan', 'made already' in err, err)
    out, err = run('apply', 'p.plan')
    holds('a saved plan is carried out', 'Apply complete! Resources: 4 added, 0 changed, 0 destroyed.' in out, out)
    out, err = run('apply', 'p.plan', status=1)
    holds('a stale plan is refused', 'Saved plan is stale' in err, err)
    out, err = run('plan', '-detailed-exitcode')
    holds('nothing is left to do', 'No changes.' in out, out)
    holds('outputs hide what is sensitive', SECRET not in run('output')[0])
    holds('-raw shows it', run('output', '-raw', 's')[0] == SECRET)
    holds('-json shows all', json.loads(run('output', '-json')[0])['o'] == {'sensitive': False, 'type': 'string', 'value': 'one'})
    out, err = run('output', 'oo', status=1)
    holds('a near name is offered', 'Did you mean "o"?' in err, err)
    holds('state list', run('state', 'list')[0].split() == ['terraform_data.a', 'terraform_data.b[0]', 'terraform_data.b[1]',
                                                           'module.m.terraform_data.in'])
    holds('state list of a module', run('state', 'list', 'module.m')[0].split() == ['module.m.terraform_data.in'])
    holds('state show', 'input  = "one"' in run('state', 'show', 'terraform_data.a')[0])
    run('state', 'mv', 'terraform_data.a', 'terraform_data.c')
    run('state', 'mv', 'module.m', 'module.n')
    holds('state mv', run('state', 'list')[0].split() == ['terraform_data.b[0]', 'terraform_data.b[1]', 'terraform_data.c',
                                                         'module.n.terraform_data.in'])
    run('state', 'mv', 'terraform_data.c', 'terraform_data.a')
    run('state', 'mv', 'module.n', 'module.m')
    out, err = run('plan', '-detailed-exitcode')
    holds('moved back, nothing is left to do', 'No changes.' in out, out)
    out, err = run('taint', 'terraform_data.b', status=1)
    holds('taint takes one object', 'names several objects' in err and 'terraform_data.b[0]' in err, err)
    out, err = run('taint', 'terraform_data.x', status=1)
    holds('that is there', 'No such object' in err, err)
    run('taint', 'terraform_data.b[0]')
    out, err = run('plan', '-detailed-exitcode', status=2)
    holds('what is tainted is replaced', 'terraform_data.b[0] is tainted, so must be replaced' in out and '1 to add, 0 to change, 1 to destroy' in out, out)
    run('untaint', 'terraform_data.b[0]')
    holds('untaint takes that back', 'No changes.' in run('plan')[0])
    holds('once', 'already' in run('untaint', 'terraform_data.b[0]')[0])
    run('state', 'rm', 'terraform_data.b[1]')
    holds('state rm', 'terraform_data.b[1]' not in run('state', 'list')[0])
    run('import', 'terraform_data.b[1]', 'an-id')
    holds('import', 'an-id' in run('state', 'show', 'terraform_data.b[1]')[0])
    exported = run('state', 'export')[0]
    holds('state export', json.loads(exported)['version'] == 4)
    messages = [json.loads(line) for line in run('apply', '-auto-approve', '-json')[0].splitlines()]
    kinds = [m['type'] for m in messages]
    holds('-json is a stream', kinds[0] == 'version' and 'planned_change' in kinds and 'apply_complete' in kinds and
          kinds[-1] == 'outputs', ' '.join(kinds))
    holds('validate -json', json.loads(run('validate', '-json')[0])['valid'] is True)
    holds('version -json', 'infra_version' in json.loads(run('version', '-json')[0]))
    holds('providers schema', 'terraform.io/builtin/terraform' in json.loads(run('providers', 'schema', '-json')[0])['provider_schemas'])
    holds('graph', '"terraform_data.b" -> "terraform_data.a";' in run('graph')[0])
    holds('an unknown option is a mistake of usage', 'did you mean -target' in run('plan', '-targte=x', status=3)[1])
    run('nonsense', status=3)
    with open('/dev/full', 'wb') as full:
        for command in (('version',), ('plan',), ('validate', '-json'), ('providers', 'schema', '-json'), ('-help',)):
            out, err = run(*command, status=1, stdout=full)
            holds('%s fails when its output cannot be written' % command[0], 'No space left' in err or 'could not be written' in err, err)
    reads, writes = os.pipe()
    os.close(reads)
    with open(writes, 'wb') as unread:
        out, err = run('plan', stdout=unread)
        holds('an output that nobody reads any more is no mistake', not err, err)
    for options in (('-destroy', '-refresh-only'), ('-refresh-only', '-refresh=false'), ('-destroy', '-replace=terraform_data.a')):
        out, err = run('plan', *options, status=3)
        holds('plan %s %s is refused' % options, 'exclude each other' in err and not out, out + err)
    run('destroy', '-refresh-only', status=3)
    run('plan', '-state=.', status=3)
    run('plan', '-state=', status=3)
    holds('an instance is shown for a resource', "-replace='terraform_data.b[0]'" in run('plan', '-replace=terraform_data.b')[1])
    run('refresh', '-destroy', status=3)
    run('plan', '-destroy=false', '-no-color=1', '-detailed-exitcode=false')
    holds('an option that stands alone takes no other word than true or false', 'true or false' in run('plan', '-json=x', status=3)[1])
    found = []
    run('plan', '-replace=terraform_data.a', '-out=secret.plan')
    for base, _, names in os.walk(folder + '/p'):
        for name in names:
            with open(os.path.join(base, name), 'rb') as f:
                if SECRET.encode() in f.read():
                    found.append(name)
    holds('the secret stands in no file', not found, ' '.join(found))
    write(MAIN + """
check "late" {
  assert {
    condition     = terraform_data.a.id == "x"
    error_message = "It is not x."
  }
}""")
    out, err = run('plan', '-replace=terraform_data.a')
    holds('what a check looks at is not known while planning', 'It is not x.' not in err, err)
    out, err = run('apply', '-auto-approve', '-replace=terraform_data.a')
    holds('a check that fails after apply is told', err.count('It is not x.') == 1, err)
    write(MAIN + """
variable "word" { default = "x" }
resource "terraform_data" "fails" {
  input = var.word
  lifecycle {
    postcondition {
      condition     = self.output == "x"
      error_message = "Not x."
    }
  }
}""")
    out, err = run('apply', '-auto-approve', '-var=secret=hush-hush', "-var=word=it's", status=1)
    holds('the command that goes on has the variables, but no secret', "-var='secret=...' -var='word=it'\\''s'" in out and 'hush' not in out, out)
    write(MAIN)
    run('apply', '-auto-approve')
    write("""
provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
}
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/33" }
resource "terraform_data" "x" { input = upper(1, 2) }""")
    out, err = run('plan', status=1)
    holds('without credentials other mistakes are told, too', 'No AWS credentials' in err and '"10.0.0.0/33"' in err and
          err.count('Too many function arguments') == 1, err)
    write(MAIN)
    write("""
variable "token" {
  type      = string
  ephemeral = true
}
variable "word" { default = "x" }
resource "terraform_data" "x" {
  input = var.word
  lifecycle {
    precondition {
      condition     = var.token == "once-and-never-kept"
      error_message = "Another token."
    }
  }
}""")
    out, err = run('plan', '-target=terraform_data.x', '-out=e.plan', '-var=token=once-and-never-kept', '-var=word=y')
    with open(folder + '/p/e.plan', 'rb') as f:
        holds('a saved plan holds no ephemeral value', b'once-and-never-kept' not in f.read())
    holds('which is asked for again', "-var 'token=VALUE' e.plan" in run('apply', 'e.plan', status=1)[1])
    holds('other variables are decided', 'has no effect on a saved plan' in
          run('apply', '-var=token=once-and-never-kept', '-var=word=z', 'e.plan', status=1)[1])
    out, err = run('apply', '-var=token=once-and-never-kept', 'e.plan')
    holds('and with it the plan is applied', 'Resources: 1 added' in out, out + err)
    write(MAIN)
    run('apply', '-auto-approve')
    write(MAIN + """
locals { unused = nofunc(1) }
resource "terraform_data" "none" {
  count = 0
  input = upper(1, 2)
}""")
    out, err = run('plan', status=1)
    holds('what is used nowhere must be right, too', 'no function named "nofunc"' in err and 'Too many function arguments' in err, err)
    write(MAIN)
    readonly = 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && exec "$0" "$@"'
    sealed = ['unshare', '-rm', 'sh', '-c', readonly]
    if subprocess.run(sealed + ['true'], cwd=folder + '/p', stderr=subprocess.DEVNULL).returncode == 0:
        for command in (('state', 'list'), ('output',), ('show',)):
            out, err = run(*command, before=sealed)
            holds('%s reads on a read-only file system' % command[0], out and not err, out + err)
    os.rename(folder + '/p/main.tf', folder + '/p/main')
    os.makedirs(folder + '/p/dir.tf')
    holds('without plan files there is no plan', 'No configuration files' in run('plan', status=1)[1])
    out, err = run('plan', '-destroy', '-out=p.plan')
    holds('without plan files all can be destroyed', 'Plan: 0 to add, 0 to change, 4 to destroy.' in out, out)
    out, err = run('apply', 'p.plan')
    holds('by a saved plan, too', 'Destroy complete! Resources: 4 destroyed.' in out, out)
    write(MAIN)
    run('apply', '-auto-approve')
    out, err = run('destroy', '-auto-approve')
    holds('destroy', 'Destroy complete! Resources: 4 destroyed.' in out, out)
    holds('nothing is left', not run('state', 'list')[0])
finally:
    shutil.rmtree(folder)
print('1..%d' % len(results))
for number, (ok, what, shown) in enumerate(results, 1):
    print('%sok %d - %s' % ('' if ok else 'not ', number, what))
    for line in shown.splitlines() if not ok else []:
        print('# ' + line)
sys.exit(any(not ok for ok, _, _ in results))
