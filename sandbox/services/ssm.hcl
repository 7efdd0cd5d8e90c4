# SPDX-License-Identifier: Apache-2.0
# Parameters of Systems Manager.

service = "ssm"

kind "parameter" {
  id             = "Name"
  absent         = "ParameterNotFound"
  absent_message = "Parameter ${id} not found."
  shape          = "ParameterMetadata"
}

function "parameter_arn" {
  params = [name]
  result = "arn:aws:ssm:${region}:${account}:parameter${like(name, "/*") ? "" : "/"}${name}"
}

# What is secure leaves only for who asks to see it.
function "parameter_of" {
  params = [p, plain]
  result = {
    Name             = p.Name
    Type             = p.Type
    Value            = p.Type == "SecureString" && plain != true ? base64encode(sha256("${p.Value} ${p.Version}")) : p.Value
    Version          = p.Version
    LastModifiedDate = p.LastModifiedDate
    ARN              = p._public ? "arn:aws:ssm:${region}::parameter${p.Name}" : parameter_arn(p.Name)
    DataType         = p.DataType
  }
}

operation "PutParameter" {
  let {
    before = get("parameter", in.Name)
    type   = ifnull(in.Type, before.Type)
    tier   = in.Tier == "Intelligent-Tiering" && length(in.Value) > 4096 ? "Advanced" : isblank(in.Tier) || in.Tier == "Intelligent-Tiering" ? ifnull(before.Tier, "Standard") : in.Tier
  }
  fail "ValidationException" {
    when    = length(in.Value) == 0
    message = "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"
  }
  fail "ValidationException" {
    when    = !can(regex("^[0-9A-Za-z_./-]+$", in.Name)) || (length(split("/", in.Name)) > 1 && !like(in.Name, "/*"))
    message = length(split("/", in.Name)) > 1 && !like(in.Name, "/*") ? "Parameter name must be a fully qualified name." : "Parameter name: may contain only letters, numbers, and the symbols . - _ and /."
  }
  fail "HierarchyLevelLimitExceededException" {
    when    = length(split("/", in.Name)) > 16
    message = "Parameter name can have maximum of 15 levels in its hierarchy"
  }
  fail "InvalidAllowedPatternException" {
    when    = written(in.AllowedPattern) && !can(regexall(in.AllowedPattern, ""))
    message = "The regular expression '${ifnull(in.AllowedPattern, "")}' is not valid."
  }
  fail "ValidationException" {
    when    = !contains(["text", "aws:ec2:image", "aws:ssm:integration"], ifnull(in.DataType, "text"))
    message = "The following data type is not supported: ${ifnull(in.DataType, "")} (Data type names are all lowercase.)"
  }
  fail "ValidationException" {
    when    = in.DataType == "aws:ec2:image" && !can(regex("^ami-[0-9a-f]{8,17}$", in.Value))
    message = "The value '${in.Value}' is not that of an image, as the data type aws:ec2:image asks for."
  }
  fail "ParameterPatternMismatchException" {
    when    = written(in.AllowedPattern) && !can(regex(in.AllowedPattern, in.Value))
    message = "Parameter value, cannot be validated against allowedPattern: ${in.AllowedPattern}"
  }
  fail "ParameterAlreadyExists" {
    when    = before != null && in.Overwrite != true
    message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
  }
  fail "ValidationException" {
    when    = in.Overwrite == true && written(in.Tags)
    message = "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource."
  }
  fail "ValidationException" {
    when    = type == null
    message = "A parameter type is required when you create a parameter."
  }
  fail "ValidationException" {
    when    = can(regex("^/?(aws|ssm)", lower(in.Name)))
    message = "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."
  }
  fail "ValidationException" {
    when    = length(in.Value) > (tier == "Advanced" ? 8192 : 4096)
    message = "${tier} tier parameters support a maximum parameter value of ${tier == "Advanced" ? 8192 : 4096} characters."
  }
  let {
    value = {
      Type             = type
      Value            = in.Value
      Description      = in.Description != null ? in.Description : before.Description
      AllowedPattern   = in.AllowedPattern != null ? in.AllowedPattern : before.AllowedPattern
      KeyId            = type == "SecureString" ? ifnull(in.KeyId, "alias/aws/ssm") : null
      DataType         = ifnull(in.DataType, "text")
      Tier             = tier
      Version          = ifnull(before.Version, 0) + 1
      LastModifiedDate = now
      LastModifiedUser = "arn:aws:iam::${account}:root"
      ARN              = parameter_arn(in.Name)
      Policies         = []
      _public          = false
    }
  }
  when {
    if = before == null
    create "parameter" {
      id    = in.Name
      tags  = ifnull(in.Tags, [])
      value = value
    }
  }
  when {
    if = before != null
    update "before" {
      set = value
    }
  }
  answer = { Version = value.Version, Tier = value.Tier }
}

operation "GetParameter" {
  need "parameter" {
    id = in.Name
  }
  answer = { Parameter = parameter_of(parameter, in.WithDecryption) }
}

operation "GetParameters" {
  answer = {
    Parameters        = [for n in distinct(in.Names) : parameter_of(get("parameter", n), in.WithDecryption) if get("parameter", n) != null]
    InvalidParameters = [for n in distinct(in.Names) : n if get("parameter", n) == null]
  }
}

operation "GetParametersByPath" {
  fail "ValidationException" {
    when    = !like(in.Path, "/*")
    message = "The parameter path: ${in.Path} must begin with a forward slash '/'."
  }
  list "parameter" {
    page    = 10
    filters = false
    where = (startswith(self.Name, "${trimsuffix(in.Path, "/")}/") && (in.Recursive == true || !like(trimprefix(self.Name, "${trimsuffix(in.Path, "/")}/"), "*/*")))
  }
  answer = { Parameters = [for p in found : parameter_of(p, in.WithDecryption)] }
}

operation "DescribeParameters" {
  let {
    unknown = [for f in ifnull(in.ParameterFilters, []) : f.Key if !contains(["Name", "Path", "Type", "Tier", "KeyId", "DataType"], f.Key) && !like(f.Key, "tag:*")]
  }
  fail "InvalidFilterKey" {
    when    = length(unknown) > 0
    message = "The filter key '${one(unknown)}' is not valid."
  }
  fail "InvalidFilterOption" {
    when    = anytrue([for f in ifnull(in.ParameterFilters, []) : !contains(["Equals", "BeginsWith", "Contains", "Recursive", "OneLevel"], ifnull(f.Option, "Equals"))])
    message = "The specified filter option isn't valid. Valid options are Equals and BeginsWith. For Path filter, valid options are Recursive and OneLevel."
  }
  list "parameter" {
    page    = 10
    filters = false
    where = !self._public && alltrue([for f in ifnull(in.ParameterFilters, []) : anytrue([for v in ifnull(f.Values, ["*"]) :
      f.Key == "Path" ? startswith(self.Name, "${trimsuffix(v, "/")}/") && (f.Option == "Recursive" || !like(trimprefix(self.Name, "${trimsuffix(v, "/")}/"), "*/*")) :
      like(f.Key, "tag:*") ? anytrue([for t in ifnull(self.Tags, []) : "tag:${t.Key}" == f.Key && like(t.Value, v)]) :
      f.Option == "BeginsWith" ? startswith(ifnull(self[f.Key], ""), v) : f.Option == "Contains" ? strcontains(ifnull(self[f.Key], ""), v) : self[f.Key] == v
    ])])
  }
  parts = { ParameterFilters = ["Key", "Option", "Values"] }
}

operation "DeleteParameter" {
  need "parameter" {
    id = in.Name
  }
  fail "AccessDeniedException" {
    when    = parameter._public
    message = "User: arn:aws:iam::${account}:root is not authorized to perform: ssm:DeleteParameter on resource: arn:aws:ssm:${region}::parameter${in.Name}"
  }
  delete "parameter" {}
}

operation "DeleteParameters" {
  let {
    there = [for n in distinct(in.Names) : n if get("parameter", n) != null && !get("parameter", n)._public]
  }
  each "name" {
    in = [for n in there : { name = n }]
    delete {
      of = get("parameter", name.name)
    }
  }
  answer = { DeletedParameters = there, InvalidParameters = [for n in in.Names : n if !contains(there, n)] }
}

procedure "tagged_parameter" {
  fail "InvalidResourceType" {
    when    = args.type != "Parameter"
    message = "The sandbox cloud keeps tags of parameters alone."
  }
  fail "InvalidResourceId" {
    when    = get("parameter", args.id) == null || get("parameter", args.id)._public
    message = "The resource ID is not valid. Verify that you entered the correct ID and try again."
  }
}

operation "ListTagsForResource" {
  run "tagged_parameter" {
    with = { type = in.ResourceType, id = in.ResourceId }
  }
  answer = { TagList = ifnull(get("parameter", in.ResourceId).Tags, []) }
}

operation "AddTagsToResource" {
  run "tagged_parameter" {
    with = { type = in.ResourceType, id = in.ResourceId }
  }
  update {
    of  = get("parameter", in.ResourceId)
    set = { Tags = add_tags(get("parameter", in.ResourceId).Tags, in.Tags) }
  }
}

operation "RemoveTagsFromResource" {
  run "tagged_parameter" {
    with = { type = in.ResourceType, id = in.ResourceId }
  }
  update {
    of  = get("parameter", in.ResourceId)
    set = { Tags = [for t in ifnull(get("parameter", in.ResourceId).Tags, []) : t if !contains(in.TagKeys, t.Key)] }
  }
}

# ---- what AWS and image makers publish

function "public_parameters" {
  params = []
  result = flatten([
    [for r in [["jammy", "22.04", ""], ["noble", "24.04", "-gp3"], ["focal", "20.04", ""]] : [for arch in ["amd64", "arm64"] : {
      name = "/aws/service/canonical/ubuntu/server/${r[1]}/stable/current/${arch}/hvm/ebs-gp${r[2] == "" ? 2 : 3}/ami-id"
      like = "ubuntu/images/hvm-ssd${r[2]}/ubuntu-${r[0]}-${r[1]}-${arch}-server-*"
    }]],
    [for arch in ["x86_64", "arm64"] : [
      { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${arch}", like = "al2023-ami-2023.*-${arch}" },
      { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-${arch}", like = "al2023-ami-2023.*-${arch}" },
      { name = "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-${arch}-gp2", like = "amzn2-ami-hvm-*-${arch}-gp2" },
    ]],
    [for arch in ["amd64", "arm64"] : { name = "/aws/service/debian/release/12/latest/${arch}", like = "debian-12-${arch}-*" }],
    { name = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id", like = "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04)*" },
    { name = "/aws/service/deeplearning/ami/x86_64/oss-nvidia-driver-gpu-pytorch-2.4-ubuntu-22.04/latest/ami-id", like = "Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.4*" },
    { name = "/aws/service/neuron/dlami/multi-framework/ubuntu-22.04/latest/image_id", like = "Deep Learning AMI Neuron*" },
  ])
}

procedure "make_public_parameters" {
  each "p" {
    in = public_parameters()
    let {
      newest = reverse(sort([for i in images() : "${i.date} ${i.name}" if like(i.name, p.like)]))[0]
    }
    create "parameter" {
      id = p.name
      value = {
        Type             = "String"
        Value            = image_id(substr(newest, 9, -1))
        DataType         = "aws:ec2:image"
        Tier             = "Standard"
        Version          = 1
        LastModifiedDate = now
        _public          = true
      }
    }
  }
}
