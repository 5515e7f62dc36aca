package threads

import (
	"testing"
	"testing/fstest"
)

func TestQuota(t *testing.T) {
	const (
		v1 = "24 23 0:20 / /sys rw - sysfs sysfs rw\n" +
			"30 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
			"31 24 0:27 / /sys/fs/cgroup/cpuset rw,nosuid - cgroup cgroup rw,cpuset\n"
		v2 = "24 23 0:20 / /sys rw - sysfs sysfs rw\n" +
			"30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
	)
	for name, c := range map[string]struct {
		mounts, member string
		files          map[string]string
		want           float64 // 0 for none
	}{
		"version 2, one and a half": {
			v2, "0::/", map[string]string{"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5,
		},
		"version 2, none": {
			v2, "0::/", map[string]string{"sys/fs/cgroup/cpu.max": "max 100000\n"}, 0,
		},
		"version 2, the group above has less": {
			v2, "0::/pod/box", map[string]string{
				"sys/fs/cgroup/pod/box/cpu.max": "400000 100000\n",
				"sys/fs/cgroup/pod/cpu.max":     "50000 100000\n",
			}, 0.5,
		},
		"version 2, the host's name for the group in a container": {
			"30 24 0:26 /../../docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw", "0::/../../docker/1",
			map[string]string{"sys/fs/cgroup/cpu.max": "100000 100000"}, 1,
		},
		"version 1": {
			v1, "5:cpuset:/\n4:cpu,cpuacct:/box\n", map[string]string{
				"sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us":  "300000\n",
				"sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":      "-1\n",
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":     "100000\n",
			}, 3,
		},
		"version 1, none": {
			v1, "4:cpu,cpuacct:/", map[string]string{
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":  "-1\n",
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
			}, 0,
		},
		"version 1 in a container, whose group is the mount": {
			"30 24 0:26 /docker/1 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu", "4:cpu:/docker/1",
			map[string]string{
				"sys/fs/cgroup/cpu/cpu.cfs_quota_us":  "50000",
				"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
			}, 0.5,
		},
		"version 1 and 2 together": {
			v1 + "33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw", "4:cpu,cpuacct:/\n0::/\n", map[string]string{
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":  "200000",
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
			}, 2,
		},
		"nothing mounted": {"24 23 0:20 / /sys rw - sysfs sysfs rw", "0::/", nil, 0},
		"no such files":   {v2, "0::/box", nil, 0},
		"nonsense": {"x\n - \n1 2 3 4 5 - cgroup2 a b\n" + v2, "x\n0::/\n", map[string]string{
			"sys/fs/cgroup/cpu.max": "much little\n",
		}, 0},
		"a period of 0": {v2, "0::/", map[string]string{"sys/fs/cgroup/cpu.max": "100000 0\n"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{
				"proc/self/mountinfo": {Data: []byte(c.mounts)},
				"proc/self/cgroup":    {Data: []byte(c.member)},
			}
			for name, content := range c.files {
				root[name] = &fstest.MapFile{Data: []byte(content)}
			}
			have, ok := quota(root)
			if have != c.want || ok != (c.want != 0) {
				t.Errorf("have %v, %v, want %v", have, ok, c.want)
			}
		})
	}
	if q, ok := quota(fstest.MapFS{}); ok {
		t.Errorf("with no /proc: have %v, want none", q)
	}
}
