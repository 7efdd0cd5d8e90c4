# SPDX-License-Identifier: Apache-2.0
type "aws_key_pair" {
  service = "ec2"
  version = 1
  key     = { KeyName = id }
  arn     = "arn:${partition}:ec2:${region}:${account}:key-pair/${self.key_name}"
  named   = key_name
  settle  = name(self.key_name)
  tags    = "key-pair"
  tag_id  = self.key_pair_id

  schema {
    fingerprint     = out(string, from(object.KeyFingerprint))
    key_name        = opt(string, computed, replace, length(0, 255))
    key_name_prefix = opt(string, computed, replace, length(0, 229))
    key_pair_id     = out(string)
    key_type        = out(string)
    public_key      = req(string, replace, to(PublicKeyMaterial), as(blob), same(ssh_key), kept)
  }

  read {
    call    = "DescribeKeyPairs"
    objects = answer.KeyPairs
    by      = filter("key-name", 200)
  }

  create = [
    { call = "ImportKeyPair", id = answer.KeyName },
  ]
  delete = [
    { call = "DeleteKeyPair" },
  ]
}
