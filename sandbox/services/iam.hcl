# SPDX-License-Identifier: Apache-2.0

service = "iam"
no_page = "ValidationError"

# Documents go out escaped, as IAM sends them.
function "escaped" {
  params = [text]
  result = replace(urlencode(text), "+", "%20")
}

function "iam_path" {
  params = [path]
  result = ifnull(path, "/")
}

# Ids of IAM are capital letters and digits behind four that tell the kind.
function "iam_id" {
  params = [kind]
  result = upper("${kind}${substr(replace(replace(new_id(""), "0", "Q"), "1", "Z"), 0, 17)}")
}

# args: name, what
procedure "check_name" {
  fail "ValidationError" {
    when    = !can(regex("^[0-9A-Za-z_+=,.@-]+$", args.name))
    message = "The specified value for ${args.what} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
  }
  fail "ValidationError" {
    when    = args.path != null && !can(regex("^/([!-~]+/)?$", args.path))
    message = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
  }
}

procedure "check_tags_of" {
  fail "InvalidInput" {
    when    = length(distinct([for t in ifnull(args.asked, []) : lower(t.Key)])) < length(ifnull(args.asked, []))
    message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
  }
  fail "LimitExceeded" {
    when    = length(args.tags) > 50
    message = "The number of tags has reached the maximum limit."
  }
}

procedure "check_boundary" {
  fail "NoSuchEntity" {
    when    = written(args.arn) && get("iam_policy", args.arn) == null
    message = "Scope ARN: ${args.arn} does not exist or is not attachable."
  }
}

# args: text, trust (a role's own document), most (characters, white space not counted), quota
procedure "check_document" {
  let {
    document   = can(jsondecode(args.text)) ? jsondecode(args.text) : null
    statements = flatten([ifnull(document.Statement, [])])
  }
  fail "MalformedPolicyDocument" {
    when    = anytrue([for s in statements : !can(keys(s))])
    message = "Syntax errors in policy."
  }
  fail "MalformedPolicyDocument" {
    when    = length(statements) == 0 || !contains(["2012-10-17", "2008-10-17"], ifnull(document.Version, "2008-10-17")) || anytrue([for s in statements : !contains(["Allow", "Deny"], ifnull(s.Effect, ""))])
    message = "Syntax errors in policy."
  }
  fail "MalformedPolicyDocument" {
    when    = anytrue([for s in statements : s.Action == null && s.NotAction == null])
    message = args.trust == true ? "Missing required field Action" : "Policy statement must contain actions."
  }
  fail "MalformedPolicyDocument" {
    when    = args.trust == true && anytrue([for s in statements : s.Principal == null && s.NotPrincipal == null])
    message = "Missing required field Principal"
  }
  fail "MalformedPolicyDocument" {
    when    = args.trust == true && anytrue([for s in statements : s.Resource != null || s.NotResource != null])
    message = "Has prohibited field Resource"
  }
  fail "MalformedPolicyDocument" {
    when    = args.trust != true && anytrue([for s in statements : s.Principal != null || s.NotPrincipal != null])
    message = "Policy document should not specify a principal."
  }
  fail "MalformedPolicyDocument" {
    when    = args.trust != true && anytrue([for s in statements : s.Resource == null && s.NotResource == null])
    message = "Policy statement must contain resources."
  }
  fail "LimitExceeded" {
    when    = document_size(args.text) > args.most
    message = "Cannot exceed quota for ${ifnull(args.quota, "PolicySize")}: ${args.most}"
  }
}

function "document_size" {
  params = [text]
  result = length(replace(text, "/\\s/", ""))
}

# ---- roles

kind "iam_role" {
  id             = "RoleName"
  global         = true
  absent         = "NoSuchEntity"
  absent_message = "The role with name ${id} cannot be found."
  shape          = "Role"
  view           = with(self, { AssumeRolePolicyDocument = escaped(self.AssumeRolePolicyDocument), RoleLastUsed = {} })
}

kind "iam_role_policy" {
  global = true
  absent = "NoSuchEntity"
}

kind "iam_attachment" {
  global = true
  absent = "NoSuchEntity"
}

operation "CreateRole" {
  run "check_tags_of" {
    with = { tags = ifnull(in.Tags, []), asked = in.Tags }
  }
  run "check_name" {
    with = { name = in.RoleName, what = "roleName", path = in.Path }
  }
  run "check_document" {
    with = { text = in.AssumeRolePolicyDocument, trust = true, most = 2048, quota = "ACLSizePerRole" }
  }
  fail "EntityAlreadyExists" {
    when    = contains([for r in all("iam_role") : lower(r.RoleName)], lower(in.RoleName))
    message = "Role with name ${in.RoleName} already exists."
  }
  run "check_boundary" {
    with = { arn = in.PermissionsBoundary }
  }
  create "iam_role" "role" {
    id   = in.RoleName
    tags = in.Tags
    value = {
      Path                     = iam_path(in.Path)
      RoleId                   = iam_id("AROA")
      Arn                      = "arn:aws:iam::${account}:role${iam_path(in.Path)}${in.RoleName}"
      CreateDate               = now
      AssumeRolePolicyDocument = in.AssumeRolePolicyDocument
      Description              = in.Description
      MaxSessionDuration       = ifnull(in.MaxSessionDuration, 3600)
      PermissionsBoundary      = in.PermissionsBoundary == null ? null : { PermissionsBoundaryType = "Policy", PermissionsBoundaryArn = in.PermissionsBoundary }
    }
  }
  answer = { Role = view(role) }
}

operation "GetRole" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  answer = { Role = view(role) }
}

operation "ListRoles" {
  list "iam_role" {
    page  = 100
    where = like(self.Path, "${ifnull(in.PathPrefix, "/")}*")
  }
  answer = { Roles = [for r in found : with(r, { Tags = null, PermissionsBoundary = null, RoleLastUsed = null })] }
}

operation "UpdateRole" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  update "role" {
    set = { Description = in.Description != null ? in.Description : role.Description, MaxSessionDuration = ifnull(in.MaxSessionDuration, role.MaxSessionDuration) }
  }
  answer = {}
}

operation "UpdateRoleDescription" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  update "role" {
    set = { Description = in.Description }
  }
  answer = { Role = view(role) }
}

operation "UpdateAssumeRolePolicy" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  run "check_document" {
    with = { text = in.PolicyDocument, trust = true, most = 2048, quota = "ACLSizePerRole" }
  }
  update "role" {
    set = { AssumeRolePolicyDocument = in.PolicyDocument }
  }
}

operation "DeleteRole" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  fail "DeleteConflict" {
    when    = length([for p in all("iam_instance_profile") : p if contains(p._roles, in.RoleName)]) > 0
    message = "Cannot delete entity, must remove roles from instance profile first."
  }
  fail "DeleteConflict" {
    when    = length(where("iam_attachment", { RoleName = in.RoleName })) > 0
    message = "Cannot delete entity, must detach all policies first."
  }
  fail "DeleteConflict" {
    when    = length(where("iam_role_policy", { RoleName = in.RoleName })) > 0
    message = "Cannot delete entity, must delete policies first."
  }
  delete "role" {}
}

operation "TagRole" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  run "check_tags_of" {
    with = { tags = add_tags(role.Tags, in.Tags), asked = in.Tags }
  }
  update "role" {
    set = { Tags = add_tags(role.Tags, in.Tags) }
  }
}

operation "UntagRole" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  update "role" {
    set = { Tags = [for t in ifnull(role.Tags, []) : t if !contains(in.TagKeys, t.Key)] }
  }
}

operation "ListRoleTags" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  answer = { Tags = ifnull(role.Tags, []) }
}

operation "PutRolePermissionsBoundary" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  run "check_boundary" {
    with = { arn = in.PermissionsBoundary }
  }
  update "role" {
    set = { PermissionsBoundary = { PermissionsBoundaryType = "Policy", PermissionsBoundaryArn = in.PermissionsBoundary } }
  }
}

operation "DeleteRolePermissionsBoundary" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  update "role" {
    set = { PermissionsBoundary = null }
  }
}

# ---- policies within a role

operation "PutRolePolicy" {
  run "check_name" {
    with = { name = in.PolicyName, what = "policyName" }
  }
  need "iam_role" "role" {
    id = in.RoleName
  }
  run "check_document" {
    with = { text = in.PolicyDocument, most = 131072 }
  }
  let {
    before = get("iam_role_policy", "${in.RoleName} ${in.PolicyName}")
  }
  fail "LimitExceeded" { # of all that are within the role
    when    = document_size(in.PolicyDocument) + sum(concat([0], [for p in where("iam_role_policy", { RoleName = in.RoleName }) : document_size(p.PolicyDocument) if p.PolicyName != in.PolicyName])) > 10240
    message = "Maximum policy size of 10240 bytes exceeded for role ${in.RoleName}"
  }
  when {
    if = before != null
    update "before" {
      set = { PolicyDocument = in.PolicyDocument }
    }
  }
  when {
    if = before == null
    create "iam_role_policy" {
      id    = "${in.RoleName} ${in.PolicyName}"
      value = { RoleName = in.RoleName, PolicyName = in.PolicyName, PolicyDocument = in.PolicyDocument }
    }
  }
}

procedure "need_role_policy" {
  need "iam_role" {
    id = args.role
  }
  fail "NoSuchEntity" {
    when    = get("iam_role_policy", "${args.role} ${args.policy}") == null
    message = "The role policy with name ${args.policy} cannot be found."
  }
}

operation "GetRolePolicy" {
  run "need_role_policy" {
    with = { role = in.RoleName, policy = in.PolicyName }
  }
  answer = { RoleName = in.RoleName, PolicyName = in.PolicyName, PolicyDocument = escaped(get("iam_role_policy", "${in.RoleName} ${in.PolicyName}").PolicyDocument) }
}

operation "DeleteRolePolicy" {
  run "need_role_policy" {
    with = { role = in.RoleName, policy = in.PolicyName }
  }
  delete {
    of = get("iam_role_policy", "${in.RoleName} ${in.PolicyName}")
  }
}

operation "ListRolePolicies" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  list "iam_role_policy" {
    page  = 100
    where = self.RoleName == in.RoleName
  }
  answer = { PolicyNames = found[*].PolicyName }
}

# ---- policies of their own

kind "iam_policy" {
  id             = "Arn"
  global         = true
  absent         = "NoSuchEntity"
  absent_message = "Policy ${id} was not found."
  shape          = "Policy"
  view           = with(self, { AttachmentCount = length(where("iam_attachment", { PolicyArn = self.Arn })), PermissionsBoundaryUsageCount = 0, IsAttachable = true })
}

kind "iam_policy_version" {
  global = true
  absent = "NoSuchEntity"
}

operation "CreatePolicy" {
  run "check_tags_of" {
    with = { tags = ifnull(in.Tags, []), asked = in.Tags }
  }
  run "check_name" {
    with = { name = in.PolicyName, what = "policyName", path = in.Path }
  }
  let {
    arn = "arn:aws:iam::${account}:policy${iam_path(in.Path)}${in.PolicyName}"
  }
  run "check_document" {
    with = { text = in.PolicyDocument, most = 6144 }
  }
  fail "EntityAlreadyExists" {
    when    = contains([for p in all("iam_policy") : lower(p.PolicyName) if p.Arn != null && like(p.Arn, "arn:aws:iam::${account}:*")], lower(in.PolicyName))
    message = "A policy called ${in.PolicyName} already exists. Duplicate names are not allowed."
  }
  create "iam_policy" "policy" {
    id   = arn
    tags = in.Tags
    value = {
      PolicyName       = in.PolicyName
      PolicyId         = iam_id("ANPA")
      Path             = iam_path(in.Path)
      DefaultVersionId = "v1"
      Description      = in.Description
      CreateDate       = now
      UpdateDate       = now
      _last            = 1
    }
  }
  create "iam_policy_version" {
    id    = "${arn} v1"
    value = { Arn = arn, VersionId = "v1", Document = in.PolicyDocument, CreateDate = now }
  }
  answer = { Policy = with(view(policy), { Description = null }) }
}

operation "GetPolicy" {
  need "iam_policy" "policy" {
    id = in.PolicyArn
  }
  answer = { Policy = view(policy) }
}

operation "ListPolicies" {
  list "iam_policy" {
    page = 100
    where = (like(self.Path, "${ifnull(in.PathPrefix, "/")}*") && (ifnull(in.Scope, "All") == "All" || (in.Scope == "AWS") == (self._aws == true))
    && (in.OnlyAttached != true || self.AttachmentCount > 0))
  }
  answer = { Policies = [for p in found : with(p, { Description = null, Tags = null })] }
}

operation "DeletePolicy" {
  need "iam_policy" "policy" {
    id = in.PolicyArn
  }
  fail "DeleteConflict" {
    when    = length(where("iam_attachment", { PolicyArn = in.PolicyArn })) > 0
    message = "Cannot delete a policy attached to entities."
  }
  fail "DeleteConflict" {
    when    = length(where("iam_policy_version", { Arn = in.PolicyArn })) > 1
    message = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy."
  }
  each "version" {
    in = where("iam_policy_version", { Arn = in.PolicyArn })
    delete "version" {}
  }
  delete "policy" {}
}

function "version_of" {
  params = [v, full]
  result = { VersionId = v.VersionId, IsDefaultVersion = get("iam_policy", v.Arn).DefaultVersionId == v.VersionId, CreateDate = v.CreateDate, Document = full ? escaped(v.Document) : null }
}

procedure "need_version" {
  need "iam_policy" {
    id = args.arn
  }
  fail "NotImplemented" {
    when    = iam_policy._aws == true
    message = "The sandbox cloud does not carry the documents of AWS's own policies."
    status  = 501
  }
  fail "NoSuchEntity" {
    when    = get("iam_policy_version", "${args.arn} ${args.version}") == null
    message = "Policy ${args.arn} version ${args.version} does not exist or is not attachable."
  }
}

operation "GetPolicyVersion" {
  run "need_version" {
    with = { arn = in.PolicyArn, version = in.VersionId }
  }
  answer = { PolicyVersion = version_of(get("iam_policy_version", "${in.PolicyArn} ${in.VersionId}"), true) }
}

operation "ListPolicyVersions" {
  need "iam_policy" "policy" {
    id = in.PolicyArn
  }
  list "iam_policy_version" {
    page  = 100
    where = self.Arn == in.PolicyArn
  }
  answer = { Versions = [for v in found : version_of(v, false)] }
}

operation "CreatePolicyVersion" {
  need "iam_policy" "policy" {
    id = in.PolicyArn
  }
  run "check_document" {
    with = { text = in.PolicyDocument, most = 6144 }
  }
  fail "LimitExceeded" {
    when    = length(where("iam_policy_version", { Arn = in.PolicyArn })) >= 5
    message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
  }
  let {
    version = "v${policy._last + 1}"
  }
  create "iam_policy_version" "new" {
    id    = "${in.PolicyArn} ${version}"
    value = { Arn = in.PolicyArn, VersionId = version, Document = in.PolicyDocument, CreateDate = now }
  }
  update "policy" {
    set = { _last = policy._last + 1, DefaultVersionId = in.SetAsDefault == true ? version : policy.DefaultVersionId, UpdateDate = now }
  }
  answer = { PolicyVersion = version_of(new, false) }
}

operation "SetDefaultPolicyVersion" {
  run "need_version" {
    with = { arn = in.PolicyArn, version = in.VersionId }
  }
  update {
    of  = get("iam_policy", in.PolicyArn)
    set = { DefaultVersionId = in.VersionId, UpdateDate = now }
  }
}

operation "DeletePolicyVersion" {
  run "need_version" {
    with = { arn = in.PolicyArn, version = in.VersionId }
  }
  fail "DeleteConflict" {
    when    = get("iam_policy", in.PolicyArn).DefaultVersionId == in.VersionId
    message = "Cannot delete the default version of a policy."
  }
  delete {
    of = get("iam_policy_version", "${in.PolicyArn} ${in.VersionId}")
  }
}

operation "ListPolicyTags" {
  need "iam_policy" "policy" {
    id = in.PolicyArn
  }
  answer = { Tags = ifnull(policy.Tags, []) }
}

operation "TagPolicy" {
  need "iam_policy" "policy" {
    id = in.PolicyArn
  }
  run "check_tags_of" {
    with = { tags = add_tags(policy.Tags, in.Tags), asked = in.Tags }
  }
  update "policy" {
    set = { Tags = add_tags(policy.Tags, in.Tags) }
  }
}

operation "UntagPolicy" {
  need "iam_policy" "policy" {
    id = in.PolicyArn
  }
  update "policy" {
    set = { Tags = [for t in ifnull(policy.Tags, []) : t if !contains(in.TagKeys, t.Key)] }
  }
}

# ---- attachments

operation "AttachRolePolicy" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  fail "NoSuchEntity" {
    when    = get("iam_policy", in.PolicyArn) == null
    message = "Policy ${in.PolicyArn} does not exist or is not attachable."
  }
  fail "LimitExceeded" {
    when    = get("iam_attachment", "${in.RoleName} ${in.PolicyArn}") == null && length(where("iam_attachment", { RoleName = in.RoleName })) >= 10
    message = "Cannot exceed quota for PoliciesPerRole: 10"
  }
  when {
    if = get("iam_attachment", "${in.RoleName} ${in.PolicyArn}") == null
    create "iam_attachment" {
      id    = "${in.RoleName} ${in.PolicyArn}"
      value = { RoleName = in.RoleName, PolicyArn = in.PolicyArn }
    }
  }
}

operation "DetachRolePolicy" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  fail "NoSuchEntity" {
    when    = get("iam_attachment", "${in.RoleName} ${in.PolicyArn}") == null
    message = "Policy ${in.PolicyArn} was not found."
  }
  delete {
    of = get("iam_attachment", "${in.RoleName} ${in.PolicyArn}")
  }
}

operation "ListAttachedRolePolicies" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  list "iam_attachment" {
    page  = 100
    where = self.RoleName == in.RoleName && like(get("iam_policy", self.PolicyArn).Path, "${ifnull(in.PathPrefix, "/")}*")
  }
  answer = { AttachedPolicies = [for a in found : { PolicyArn = a.PolicyArn, PolicyName = get("iam_policy", a.PolicyArn).PolicyName }] }
}

operation "ListEntitiesForPolicy" {
  need "iam_policy" "policy" {
    id = in.PolicyArn
  }
  answer = {
    PolicyRoles = [for a in where("iam_attachment", { PolicyArn = in.PolicyArn }) : { RoleName = a.RoleName, RoleId = get("iam_role", a.RoleName).RoleId }
    if ifnull(in.EntityFilter, "Role") == "Role" && startswith(get("iam_role", a.RoleName).Path, ifnull(in.PathPrefix, "/")) && in.PolicyUsageFilter != "PermissionsBoundary"]
    PolicyUsers  = []
    PolicyGroups = []
  }
}

# ---- instance profiles

kind "iam_instance_profile" {
  id             = "InstanceProfileName"
  global         = true
  absent         = "NoSuchEntity"
  absent_message = "Instance Profile ${id} cannot be found."
  shape          = "InstanceProfile"
  view           = with(self, { Roles = [for r in self._roles : view(get("iam_role", r))] })
}

operation "CreateInstanceProfile" {
  run "check_tags_of" {
    with = { tags = ifnull(in.Tags, []), asked = in.Tags }
  }
  run "check_name" {
    with = { name = in.InstanceProfileName, what = "instanceProfileName", path = in.Path }
  }
  fail "EntityAlreadyExists" {
    when    = contains([for p in all("iam_instance_profile") : lower(p.InstanceProfileName)], lower(in.InstanceProfileName))
    message = "Instance Profile ${in.InstanceProfileName} already exists."
  }
  create "iam_instance_profile" "profile" {
    id   = in.InstanceProfileName
    tags = in.Tags
    value = {
      Path              = iam_path(in.Path)
      InstanceProfileId = iam_id("AIPA")
      Arn               = "arn:aws:iam::${account}:instance-profile${iam_path(in.Path)}${in.InstanceProfileName}"
      CreateDate        = now
      _roles            = []
    }
  }
  answer = { InstanceProfile = view(profile) }
}

operation "GetInstanceProfile" {
  need "iam_instance_profile" "profile" {
    id = in.InstanceProfileName
  }
  answer = { InstanceProfile = view(profile) }
}

operation "ListInstanceProfiles" {
  list "iam_instance_profile" {
    page  = 100
    where = like(self.Path, "${ifnull(in.PathPrefix, "/")}*")
  }
}

operation "ListInstanceProfilesForRole" {
  need "iam_role" "role" {
    id = in.RoleName
  }
  list "iam_instance_profile" {
    page  = 100
    where = contains(self._roles, in.RoleName)
  }
}

operation "AddRoleToInstanceProfile" {
  need "iam_instance_profile" "profile" {
    id = in.InstanceProfileName
  }
  need "iam_role" "role" {
    id = in.RoleName
  }
  fail "LimitExceeded" {
    when    = length(profile._roles) > 0
    message = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
  }
  update "profile" {
    set = { _roles = [in.RoleName] }
  }
}

operation "RemoveRoleFromInstanceProfile" {
  need "iam_instance_profile" "profile" {
    id = in.InstanceProfileName
  }
  fail "NoSuchEntity" {
    when    = !contains(profile._roles, in.RoleName)
    message = "The role with name ${in.RoleName} cannot be found."
  }
  update "profile" {
    set = { _roles = [] }
  }
}

operation "DeleteInstanceProfile" {
  need "iam_instance_profile" "profile" {
    id = in.InstanceProfileName
  }
  fail "DeleteConflict" {
    when    = length(profile._roles) > 0
    message = "Cannot delete entity, must remove roles from instance profile first."
  }
  delete "profile" {}
}

operation "TagInstanceProfile" {
  need "iam_instance_profile" "profile" {
    id = in.InstanceProfileName
  }
  run "check_tags_of" {
    with = { tags = add_tags(profile.Tags, in.Tags), asked = in.Tags }
  }
  update "profile" {
    set = { Tags = add_tags(profile.Tags, in.Tags) }
  }
}

operation "UntagInstanceProfile" {
  need "iam_instance_profile" "profile" {
    id = in.InstanceProfileName
  }
  update "profile" {
    set = { Tags = [for t in ifnull(profile.Tags, []) : t if !contains(in.TagKeys, t.Key)] }
  }
}

operation "ListInstanceProfileTags" {
  need "iam_instance_profile" "profile" {
    id = in.InstanceProfileName
  }
  answer = { Tags = ifnull(profile.Tags, []) }
}

# ---- what AWS has made: the policies that hosts, tasks and users are mostly given

procedure "world" {
  each "policy" {
    in = flatten([for path, names in {
      "/" = [
        "AdministratorAccess", "AmazonDynamoDBFullAccess", "AmazonDynamoDBReadOnlyAccess", "AmazonEC2ContainerRegistryFullAccess", "AmazonEC2ContainerRegistryPowerUser",
        "AmazonEC2ContainerRegistryReadOnly", "AmazonEC2FullAccess", "AmazonEC2ReadOnlyAccess", "AmazonEKSClusterPolicy", "AmazonEKSServicePolicy", "AmazonEKSVPCResourceController",
        "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonElasticFileSystemClientFullAccess", "AmazonElasticFileSystemClientReadWriteAccess", "AmazonElasticFileSystemFullAccess",
        "AmazonElasticFileSystemReadOnlyAccess", "AmazonFSxFullAccess", "AmazonRDSFullAccess", "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess", "AmazonSNSFullAccess", "AmazonSQSFullAccess",
        "AmazonSSMFullAccess", "AmazonSSMManagedInstanceCore", "AmazonSSMReadOnlyAccess", "AmazonSageMakerFullAccess", "AmazonSageMakerReadOnly", "AmazonVPCFullAccess",
        "AutoScalingFullAccess", "CloudWatchAgentAdminPolicy", "CloudWatchAgentServerPolicy", "CloudWatchFullAccess", "CloudWatchLogsFullAccess", "CloudWatchReadOnlyAccess",
        "ElasticLoadBalancingFullAccess", "IAMFullAccess", "IAMReadOnlyAccess", "PowerUserAccess", "ReadOnlyAccess", "SecretsManagerReadWrite", "SecurityAudit",
      ]
      "/service-role/" = [
        "AWSBatchServiceRole", "AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AmazonEBSCSIDriverPolicy", "AmazonEC2ContainerServiceforEC2Role",
        "AmazonEC2RoleforSSM", "AmazonEC2SpotFleetTaggingRole", "AmazonECSTaskExecutionRolePolicy", "AmazonEFSCSIDriverPolicy", "AmazonRDSEnhancedMonitoringRole",
      ]
      "/job-function/" = ["Billing", "DataScientist", "NetworkAdministrator", "SystemAdministrator", "ViewOnlyAccess"]
    } : [for n in names : { arn = "arn:aws:iam::aws:policy${path}${n}", name = n, path = path }]])
    create "iam_policy" "made" {
      id = policy.arn
      value = {
        PolicyName       = policy.name
        PolicyId         = iam_id("ANPA")
        Path             = policy.path
        DefaultVersionId = "v1"
        CreateDate       = "2015-02-06T18:40:00Z"
        UpdateDate       = "2015-02-06T18:40:00Z"
        _aws             = true
        _last            = 1
      }
    }
  }
}

# ---- everything at once

operation "GetAccountAuthorizationDetails" {
  fail "NotImplemented" {
    when    = contains(ifnull(in.Filter, []), "AWSManagedPolicy")
    message = "The sandbox cloud does not carry the documents of AWS's own policies."
    status  = 501
  }
  let {
    wanted = ifnull(in.Filter, ["Role", "LocalManagedPolicy"])
  }
  answer = {
    UserDetailList  = []
    GroupDetailList = []
    RoleDetailList = [for r in contains(wanted, "Role") ? all("iam_role") : [] : with(view(r), {
      RolePolicyList          = [for p in where("iam_role_policy", { RoleName = r.RoleName }) : { PolicyName = p.PolicyName, PolicyDocument = escaped(p.PolicyDocument) }]
      AttachedManagedPolicies = [for a in where("iam_attachment", { RoleName = r.RoleName }) : { PolicyArn = a.PolicyArn, PolicyName = get("iam_policy", a.PolicyArn).PolicyName }]
      InstanceProfileList     = [for p in all("iam_instance_profile") : view(p) if contains(p._roles, r.RoleName)]
    })]
    Policies = [for p in contains(wanted, "LocalManagedPolicy") ? all("iam_policy") : [] : with(view(p), {
      PolicyVersionList = [for v in where("iam_policy_version", { Arn = p.Arn }) : version_of(v, true)]
    }) if p._aws != true]
  }
}
