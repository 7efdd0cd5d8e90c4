# SPDX-License-Identifier: Apache-2.0
# Who asks, and keys that last for a time. Policies are not evaluated: whoever has keys may do all.

service = "sts"

kind "session" {
  id     = "AccessKeyId"
  global = true
  absent = "InvalidClientTokenId"
}

function "second_of" {
  params = [time]
  result = formatdate("YYYY-MM-DD'T'hh:mm:ss'Z'", time)
}

# Of a role (self); args: name, hours, instance (or null)
procedure "new_session" {
  create "session" {
    id = "ASIA${upper(substr(new_id(""), 0, 16))}"
    value = {
      SecretAccessKey = substr(base64encode("${new_id("")}${new_id("")}"), 0, 40)
      SessionToken    = base64encode("${self.RoleName} ${new_id("")}${new_id("")}${new_id("")}")
      Expiration      = second_of(timeadd(now, "${args.seconds}s"))
      Arn             = "arn:aws:sts::${account}:assumed-role/${self.RoleName}/${args.name}"
      UserId          = "${self.RoleId}:${args.name}"
      _role           = self.RoleName
      _made           = second_of(now)
      _instance       = args.instance
      _batch          = args.batch
    }
  }
}

operation "GetCallerIdentity" {
  answer = {
    Account = account
    Arn     = ifnull(caller.Arn, "arn:aws:iam::${account}:root")
    UserId  = ifnull(caller.UserId, account)
  }
}

operation "AssumeRole" {
  let {
    role  = one([for r in all("iam_role") : r if r.Arn == in.RoleArn])
    batch = new_id("")
  }
  fail "ValidationError" {
    when    = !can(regex("^[0-9A-Za-z_+=,.@-]+$", in.RoleSessionName))
    message = "1 validation error detected: Value '${in.RoleSessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
  }
  fail "AccessDenied" {
    when    = role == null
    status  = 403
    message = "User: ${ifnull(caller.Arn, "arn:aws:iam::${account}:root")} is not authorized to perform: sts:AssumeRole on resource: ${in.RoleArn}"
  }
  fail "ValidationError" {
    when    = in.DurationSeconds != null && in.DurationSeconds > role.MaxSessionDuration
    message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
  }
  run "new_session" {
    of   = role
    with = { name = in.RoleSessionName, seconds = ifnull(in.DurationSeconds, 3600), batch = batch }
  }
  let {
    session = one(where("session", { _batch = batch }))
  }
  answer = {
    Credentials      = session
    AssumedRoleUser  = { Arn = session.Arn, AssumedRoleId = session.UserId }
  }
}

# ---- of instances: their profile's role

function "role_of" {
  params = [instance]
  result = get("iam_role", ifnull(one(one([for p in all("iam_instance_profile") : p if p.Arn == ifnull(instance.IamInstanceProfile.Arn, "")])._roles), ""))
}

# Fresh keys for an instance (self): every hour, good for six.
procedure "new_credentials" {
  let {
    role = role_of(self)
  }
  each "old" {
    in = [for s in where("session", { _instance = self.InstanceId }) : s if timecmp(s.Expiration, now) < 0]
    delete "old" {}
  }
  when {
    if = role != null
    run "new_session" {
      of   = role
      with = { name = self.InstanceId, seconds = 21600, instance = self.InstanceId }
    }
    let {
      sessions = where("session", { _instance = self.InstanceId })
      session  = sessions[length(sessions) - 1]
    }
    update "self" {
      set = { _session = session.AccessKeyId }
    }
    later "credentials_aged" {
      after = 3600
      real  = true
      of    = session
    }
  }
}

procedure "credentials_aged" {
  each "instance" {
    in = [for i in where("instance", { InstanceId = self._instance }) : i if i._session == self.AccessKeyId && i.State.Name == "running"]
    run "new_credentials" {
      of = instance
    }
  }
}
