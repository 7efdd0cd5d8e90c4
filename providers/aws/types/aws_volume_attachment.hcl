# SPDX-License-Identifier: Apache-2.0
type "aws_volume_attachment" {
  service  = "ec2"
  id       = "vai-${hashcode("${self.device_name}-${self.instance_id}-${self.volume_id}-")}"
  key      = { VolumeId = self.volume_id, InstanceId = self.instance_id }
  settle   = repeat
  serial   = self.instance_id
  import   = { device_name = split(":", id)[0], volume_id = split(":", id)[1], instance_id = split(":", id)[2] }
  timeouts = { create = "5m", delete = "5m" }

  schema {
    device_name                    = req(string, replace, at(Device))
    force_detach                   = opt(bool, local)
    instance_id                    = req(string, replace)
    skip_destroy                   = opt(bool, local)
    stop_instance_before_detaching = opt(bool, local)
    volume_id                      = req(string, replace)
  }

  read {
    call    = "DescribeVolumes"
    objects = flatten([for v in answer.Volumes : v.Attachments])
    by      = filter("volume-id", 200, Filters, self.volume_id)
    match   = { VolumeId = self.volume_id, InstanceId = self.instance_id }
    gone    = object.State == "detached"
  }

  create = [
    { call = "AttachVolume", retry = ["IncorrectState"], adopt = ["VolumeInUse"] },
    { until = object.State == "attached", fails = object.State == "busy" },
  ]

  delete = [
    { stop = self.skip_destroy },
    { call = "StopInstances", when = self.stop_instance_before_detaching, send = { InstanceIds = [self.instance_id] } },
    {
      when  = self.stop_instance_before_detaching
      call  = "DescribeInstances"
      send  = { InstanceIds = [self.instance_id] }
      until = answer.Reservations[0].Instances[0].State.Name == "stopped"
    },
    { call = "DetachVolume", send = { Force = self.force_detach, Device = self.device_name }, absent = ["IncorrectState"] },
    { until = gone },
  ]
}
