# SPDX-License-Identifier: Apache-2.0
type "aws_ssm_parameter" {
  service = "ssm"
  key     = { Name = id }
  settle  = name(self.name)
  tags    = "Parameter"

  schema {
    allowed_pattern  = opt(string, zero, from(part.about.AllowedPattern), length(0, 1024))
    arn              = opt(string, computed, local, from(object.ARN))
    data_type        = opt(string, computed, replace, from(object.DataType), allowed("aws:ec2:image", "aws:ssm:integration", "text"))
    description      = opt(string, zero, from(part.about.Description), length(0, 1024))
    has_value_wo     = out(bool, from(!isblank(self.value_wo_version)), follows(value_wo_version))
    insecure_value   = opt(string, computed, to(none), from(written(self.insecure_value) && object.Type != "SecureString" ? object.Value : null), follows(value), one_of(insecure_value, value, value_wo))
    key_id           = opt(string, computed, from(part.about.KeyId))
    name             = req(string, replace, length(1, 2048))
    overwrite        = opt(bool, local)
    tier             = opt(string, computed, replace(prior.tier == "Advanced" && self.tier == "Standard"), from(part.about.Tier), unless(self.tier == "Intelligent-Tiering"), allowed("Standard", "Advanced", "Intelligent-Tiering"))
    type             = req(string, allowed("String", "StringList", "SecureString"))
    value            = opt(string, computed, sensitive, to(none), from(written(self.value_wo_version) || (written(self.insecure_value) && object.Type != "SecureString") ? null : object.Value), follows(insecure_value))
    value_wo         = opt(string, sensitive, write_only, to(none), needs(value_wo_version))
    value_wo_version = opt(number, local, needs(value_wo))
    version          = out(number, from(object.Version), follows(value, insecure_value, value_wo_version, description, type))
  }

  let {
    text = coalesce(self.value, self.insecure_value, config.value_wo)
  }
  read {
    call    = "GetParameters"                              # names that are gone come back in InvalidParameters
    send    = { WithDecryption = true }
    objects = answer.Parameters
    by      = ids("Names", 10)
    part "about" {
      for     = [allowed_pattern, description, key_id, tier]
      call    = "DescribeParameters"
      send    = { ParameterFilters = [{ Key = "Name", Option = "Equals", Values = ids }] }
      objects = answer.Parameters
      at_once = 50
    }
  }
  create = [
    { call = "PutParameter", id = self.name, send = { Value = text, Overwrite = self.overwrite == true, Tags = self.overwrite == true ? null : tags }, adopt = ["ParameterAlreadyExists"] },
    # tags and Overwrite exclude each other
    { call = "AddTagsToResource", when = self.overwrite == true && written(self.tags_all), send = { ResourceType = kind, ResourceId = self.name, Tags = self.tags_all } },
  ]
  update "value" {
    of = [value, insecure_value, value_wo_version, allowed_pattern, data_type, description, key_id, tier, type]
    do = [{ call = "PutParameter", send = merge(changes, { Value = text, Type = self.type, Overwrite = self.overwrite != false }) }]
  }
  delete = [{ call = "DeleteParameter" }]
}
