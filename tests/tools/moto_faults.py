# SPDX-License-Identifier: Apache-2.0
"""What moto 5.2 does wrong or not at all, and tests need done right; each with its name.

MonitorInstances, UnmonitorInstances          unknown to moto: the state of monitoring changes, as AWS says
ModifyInstanceCreditSpecification             unknown to moto; DescribeInstanceCreditSpecifications says "standard" always
ModifyInstanceAttribute with UserData.Value   moto decodes the decoded bytes a second time and refuses them
ModifyInstanceAttribute with InstanceInitiatedShutdownBehavior.Value
                                              unknown to moto, which takes the instance's groups away instead
ModifyInstanceAttribute with SourceDestCheck  changes the instance and not its interface, where AWS says it is
ModifyNetworkInterfaceAttribute with Groups   the instance keeps its groups beside the interface's new ones
RemoveRoleFromInstanceProfile                 a role that is not in it (any more) is an internal error, with a page for people
ReplaceIamInstanceProfileAssociation          the instance still shows the old profile
RunInstances                                  moto forgets DisableApiTermination, CreditSpecification, a device's iops and
                                              throughput, and the spot request that AWS makes for a spot instance
"""


def mend():
    from moto.core.responses import ActionResult, EmptyResult
    from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
    from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociationBackend
    from moto.ec2.models.instances import InstanceBackend
    from moto.ec2.models.spot_requests import SpotInstanceRequest
    from moto.ec2.responses import instances
    from moto.ec2.utils import random_spot_request_id
    from moto.iam.exceptions import NotFoundException
    from moto.iam.models import IAMBackend

    response = instances.InstanceResponse

    def monitoring(state):
        def answer(self):
            ids = self._get_param('InstanceIds', [])
            found = self.ec2_backend.get_multi_instances_by_id(ids)
            for one in found:
                one.monitoring_state = state
            return ActionResult({'InstanceMonitorings': [{'InstanceId': one.id, 'Monitoring': {'State': state}} for one in found]})
        return answer

    response.monitor_instances = monitoring('enabled')
    response.unmonitor_instances = monitoring('disabled')

    def credits_of(one):
        return getattr(one, 'cpu_credits', 'standard')

    def describe_credits(self):
        wanted = self._get_param('InstanceIds', [])
        wanted = wanted or [v for f in self._get_param('Filters', []) if f['Name'] == 'instance-id' for v in f['Values']]
        found = self.ec2_backend.get_multi_instances_by_id(wanted)
        return ActionResult({'InstanceCreditSpecifications': [{'InstanceId': one.id, 'CpuCredits': credits_of(one)} for one in found]})

    def modify_credits(self):
        done = []
        for row in self._get_param('InstanceCreditSpecifications', []):
            self.ec2_backend.get_instance(row['InstanceId']).cpu_credits = row['CpuCredits']
            done.append({'InstanceId': row['InstanceId']})
        return ActionResult({'SuccessfulInstanceCreditSpecifications': done, 'UnsuccessfulInstanceCreditSpecifications': []})

    response.describe_instance_credit_specifications = describe_credits
    response.modify_instance_credit_specification = modify_credits

    parse = instances.parse_user_data

    def parse_user_data(value):
        if isinstance(value, bytes):
            import base64
            value = base64.b64encode(value).decode()
        return parse(value)

    instances.parse_user_data = parse_user_data

    def add_spot_request(backend, one, options):
        class Request(SpotInstanceRequest):
            __module__ = SpotInstanceRequest.__module__  # moto files classes by it

            def launch_instance(self):
                return one

        request = Request(
            backend, random_spot_request_id(), options.get('MaxPrice') or '1', one.image_id, options.get('SpotInstanceType') or 'one-time',
            None, options.get('ValidUntil'), None, None, one.key_name, [], one.user_data, one.instance_type, None, None, None, False,
            one.subnet_id, {}, None, options.get('InstanceInterruptionBehavior'))
        backend.spot_instance_requests[request.id] = request
        one.spot_instance_request_id = request.id

    run = response.run_instances

    def run_instances(self):
        answer = run(self)
        for one in answer.result.instances:
            one.disable_api_termination = bool(self._get_param('DisableApiTermination'))
            one.cpu_credits = self._get_param('CreditSpecification.CpuCredits') or 'standard'
            for row in self._get_param('BlockDeviceMappings', []):
                device = one.block_device_mapping.get(row['DeviceName'])
                if device is None:
                    continue
                volume = self.ec2_backend.volumes[device.volume_id]
                for member, name in (('Iops', 'iops'), ('Throughput', 'throughput')):
                    if row.get('Ebs', {}).get(member) is not None:
                        setattr(volume, name, row['Ebs'][member])
            if self._get_param('InstanceMarketOptions.MarketType') == 'spot':
                add_spot_request(self.ec2_backend, one, self._get_param('InstanceMarketOptions.SpotOptions', {}))
        return answer

    response.run_instances = run_instances

    modify = response.modify_instance_attribute

    def modify_instance_attribute(self):
        behavior = self._get_param('InstanceInitiatedShutdownBehavior.Value')
        if behavior is None:
            return modify(self)
        self.ec2_backend.get_instance(self._get_param('InstanceId')).instance_initiated_shutdown_behavior = behavior
        return EmptyResult()

    response.modify_instance_attribute = modify_instance_attribute

    change = InstanceBackend.modify_instance_attribute

    def change_attribute(self, instance_id, key, value):
        one = change(self, instance_id, key, value)
        if key == 'source_dest_check' and 0 in one.nics:
            one.nics[0].source_dest_check = value
        return one

    InstanceBackend.modify_instance_attribute = change_attribute

    change_interface = NetworkInterfaceBackend.modify_network_interface_attribute

    def modify_interface(self, eni_id, group_ids, *args, **kwargs):
        change_interface(self, eni_id, group_ids, *args, **kwargs)
        eni = self.get_network_interface(eni_id)
        if group_ids and eni.instance:
            eni.instance.security_groups = list(eni._group_set)

    NetworkInterfaceBackend.modify_network_interface_attribute = modify_interface

    replace = IamInstanceProfileAssociationBackend.replace_iam_instance_profile_association

    def replace_profile(self, *args, **kwargs):
        association = replace(self, *args, **kwargs)
        association.instance.iam_instance_profile = association.iam_instance_profile
        return association

    IamInstanceProfileAssociationBackend.replace_iam_instance_profile_association = replace_profile

    remove_role = IAMBackend.remove_role_from_instance_profile

    def remove_role_once(self, profile_name, role_name):
        if self.get_role(role_name) not in self.get_instance_profile(profile_name).roles:
            raise NotFoundException(f"The role {role_name} is not in the instance profile {profile_name}.")
        remove_role(self, profile_name, role_name)

    IAMBackend.remove_role_from_instance_profile = remove_role_once
