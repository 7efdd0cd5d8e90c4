# SPDX-License-Identifier: Apache-2.0
type "aws_ssm_parameter" {
  service = "ssm"
  key     = { Name = id }
  settle  = name(self.name)
  tags    = "Parameter"

  schema {
    allowed_pattern  = opt(string, from(part.about.AllowedPattern))
    arn              = opt(string, computed, local, from(object.ARN))
    data_type        = opt(string, computed, replace, from(object.DataType))
    description      = opt(string, from(part.about.Description))
    has_value_wo     = out(bool, from(!isblank(self.value_wo_version)))
    insecure_value   = opt(string, computed, to(none), from(object.Value), either(value))
    key_id           = opt(string, computed, from(part.about.KeyId))
    name             = req(string, replace)
    overwrite        = opt(bool, local)
    tier             = opt(string, computed, from(part.about.Tier), unless(self.tier == "Intelligent-Tiering"))
    type             = req(string)
    value            = opt(string, computed, sensitive, to(none), from(object.Value), either(insecure_value))
    value_wo         = opt(string, sensitive, write_only, to(none))
    value_wo_version = opt(number, local)
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
  ]
  update "value" {
    of = [value, insecure_value, value_wo_version, allowed_pattern, data_type, description, key_id, tier, type]
    do = [{ call = "PutParameter", send = { Value = text, Overwrite = true } }]
  }
  delete = [{ call = "DeleteParameter" }]
}
