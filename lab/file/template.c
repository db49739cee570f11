/* What `prov init` writes. */
#include "lab/file/config.h"

const char *config_template(void)
{
	return "# A lab for prov. 'prov up' makes it, 'prov destroy' removes all of it. Every key: "
	       "man prov.yaml\n"
	       "prov: 1\n"
	       "\n"
	       "# lab: mylab              # default: the name of this folder\n"
	       "\n"
	       "defaults:                  # hold for every machine\n"
	       "  box: debian/12           # 'prov box build debian/12' makes it, 'prov box list' "
	       "shows what is there\n"
	       "  cpus: 1\n"
	       "  memory: 512MiB\n"
	       "\n"
	       "machines:\n"
	       "  web:\n"
	       "    provider: container    # or kvm, or both: the same machine as web@container "
	       "and web@kvm\n"
	       "    # count: 3             # web-1, web-2, web-3\n"
	       "    # env: { STAGE: lab }\n"
	       "    # depends_on: [ db ]   # wait until db is ready\n"
	       "    provision:\n"
	       "      - name: hello        # runs once; 'prov provision' runs it again\n"
	       "        shell: |\n"
	       "          echo \"hello from $(hostname), kernel $(uname -r)\"\n"
	       "      # - file: { source: site.conf, destination: /etc/site.conf, mode: \"0644\" "
	       "}\n"
	       "      # - shell: { path: setup.sh, args: [a, b] }\n"
	       "    # ready: { tcp: 80, timeout: 60s }\n";
}
