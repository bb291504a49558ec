"""What the invented client firms are called, what they make, how large they are."""

from dataclasses import dataclass

Bilingual = tuple[str, str]


@dataclass(frozen=True)
class Trade:
    """A trade: the words of a firm's name, its sector of the size standard, its code in GB/T 4754-2017."""

    names: tuple[Bilingual, ...]
    sector: str
    industry: str
    weight: int
    categories: tuple[str, ...]
    """What such firms have tested, most wanted first."""


TRADES = (
    Trade((("轴承", "Bearing"), ("轴承配件", "Bearing Parts"), ("滚动体", "Rolling Elements"), ("轴承套圈", "Bearing Rings")),
          "industry", "C3451", 210, ("bearings", "metallography", "dimensions", "composition", "mechanics")),
    Trade((("五金制品", "Hardware"), ("紧固件", "Fasteners"), ("标准件", "Standard Parts"), ("弹簧", "Springs")),
          "industry", "C3482", 130, ("mechanics", "environment", "metallography", "composition")),
    Trade((("汽车配件", "Auto Parts"), ("汽车零部件", "Automotive Components"), ("车轮配件", "Wheel Parts"),
           ("冲压件", "Stampings")), "industry", "C3670", 130,
          ("wheels", "mechanics", "environment", "dimensions", "cleanliness", "electrical")),
    Trade((("制冷配件", "Refrigeration Parts"), ("阀门", "Valves"), ("铜管件", "Copper Fittings")), "industry", "C3464", 90,
          ("refrigeration", "cleanliness", "environment", "composition")),
    Trade((("纺织机械", "Textile Machinery"), ("纺机配件", "Textile Machine Parts"), ("锭子", "Spindles")), "industry",
          "C3551", 70, ("textile_machinery", "dimensions", "mechanics", "metallography")),
    Trade((("铝业", "Aluminium"), ("铸造", "Foundry"), ("锻造", "Forging"), ("热处理", "Heat Treatment")), "industry", "C3391",
          80, ("composition", "metallography", "mechanics", "dimensions")),
    Trade((("电子", "Electronics"), ("电机", "Motors"), ("电器", "Electric Appliances"), ("传感技术", "Sensors")), "industry",
          "C3812", 70, ("electrical", "environment", "mechanics")),
    Trade((("生物科技", "Biotech"), ("医药化工", "Pharmaceutical Chemicals"), ("饲料", "Feed")), "industry", "C2710", 50,
          ("pharma", "composition")),
    Trade((("橡塑", "Rubber and Plastics"), ("密封件", "Seals")), "industry", "C2913", 40, ("composition", "mechanics")),
    Trade((("茶业", "Tea"), ("农业科技", "Agritech"), ("养殖", "Husbandry")), "agriculture", "A0541", 22, ("pharma",)),
    Trade((("建设", "Construction"), ("钢结构", "Steel Structures")), "construction", "E4710", 16, ("mechanics", "environment")),
    Trade((("贸易", "Trading"), ("轴承贸易", "Bearing Trading")), "wholesale", "F5179", 24, ("bearings", "mechanics")),
    Trade((("商贸", "Stores"),), "retail", "F5299", 8, ("environment", "mechanics")),
    Trade((("物流", "Logistics"),), "transport", "G5430", 6, ("mechanics",)),
    Trade((("仓储", "Warehousing"),), "warehousing", "G5960", 5, ("environment",)),
    Trade((("速递服务", "Courier Services"),), "postal", "G6020", 4, ("mechanics",)),
    Trade((("度假酒店", "Resort Hotel"),), "accommodation", "H6110", 4, ("composition",)),
    Trade((("餐饮管理", "Catering"),), "catering", "H6210", 4, ("composition",)),
    Trade((("网络通信", "Network"),), "information", "I6319", 4, ("electrical",)),
    Trade((("软件技术", "Software"), ("智能科技", "Smart Technology")), "software", "I6513", 10, ("electrical", "environment")),
    Trade((("置业", "Property Development"),), "real_estate", "K7010", 4, ("mechanics",)),
    Trade((("物业服务", "Property Services"),), "property", "K7020", 4, ("mechanics", "composition")),
    Trade((("企业咨询", "Business Consulting"), ("设备租赁", "Equipment Leasing")), "leasing_business", "L7212", 6,
          ("mechanics", "electrical")),
    Trade((("技术研究", "Technology Research"), ("工业设计", "Industrial Design")), "other", "M7320", 14,
          ("dimensions", "metallography", "composition")),
)  # fmt: skip

_SPELT = (
    "青坛 qing tan, 绿坞 lv wu, 松月 song yue, 云岫 yun xiu, 竹里 zhu li, 石桥 shi qiao, 枫溪 feng xi, "
    "鹿门 lu men, 霞栖 xia qi, 晴川 qing chuan, 兰渚 lan zhu, 雪坞 xue wu, 梅坞 mei wu, 桂溪 gui xi, "
    "柏岭 bai ling, 樟坑 zhang keng, 莲塘 lian tang, 荷畈 he fan, 杏坞 xing wu, 柿岭 shi ling, 茶坪 cha ping, "
    "橘湾 ju wan, 棠溪 tang xi, 芦田 lu tian, 苇塘 wei tang, 鹤庭 he ting, 雁洲 yan zhou, 鸥渡 ou du, "
    "鹭汀 lu ting, 燕坪 yan ping, 鹰岩 ying yan, 鲤湖 li hu, 蛙塘 wa tang, 牛塘 niu tang, 羊岭 yang ling, "
    "马坪 ma ping, 虎岗 hu gang, 龙潭 long tan, 凤鸣 feng ming, 麟趾 lin zhi, 月湾 yue wan, 星野 xing ye, "
    "虹桥 hong qiao, 霁岭 ji ling, 岚坪 lan ping, 雾岩 wu yan, 霜林 shuang lin, 雨湖 yu hu, 风岭 feng ling, "
    "溪口 xi kou, 江渚 jiang zhu, 湖塍 hu cheng, 河洲 he zhou, 泉井 quan jing, 潭角 tan jiao, 渡头 du tou, "
    "埠前 bu qian, 堤下 di xia, 坝上 ba shang, 桥头 qiao tou, 亭畈 ting fan, 塔岭 ta ling, 寺前 si qian, "
    "祠下 ci xia, 坊口 fang kou, 井塘 jing tang, 窑湾 yao wan, 炉坪 lu ping, 铁岩 tie yan, 铜坞 tong wu, "
    "银坑 yin keng, 锡岭 xi ling, 砂溪 sha xi, 瓦窑 wa yao, 上岙 shang ao, 下岙 xia ao, 里岙 li ao, 外岙 wai ao, "
    "东畈 dong fan, 西畈 xi fan, 南畈 nan fan, 北畈 bei fan, 前山 qian shan, 后山 hou shan, 左溪 zuo xi, "
    "右溪 you xi, 大坪 da ping, 小坪 xiao ping, 长塘 zhang tang, 方塘 fang tang, 圆岩 yuan yan, 平湖 ping hu, "
    "高湾 gao wan, 低塍 di cheng, 深坑 shen keng, 浅渚 qian zhu, 新塘 xin tang, 旧埠 jiu bu"
)
_WORDS = [each.split() for each in _SPELT.split(", ")]
BRANDS = tuple(word for word, *_sounds in _WORDS)
"""What firms are called: two characters, also the first of one with the second of another."""
SOUNDS = (
    {word[0]: first for word, first, _second in _WORDS},
    {word[1]: second for word, _first, second in _WORDS},
)
"""How the first and the second character of one are read."""
READ_TOGETHER = {
    "柏林": "bolin",
    "绿林": "lulin",
    "长川": "changchuan",
    "长汀": "changting",
    "长门": "changmen",
    "长鸣": "changming",
}
"""Known names among those put together, read otherwise."""
FORMS = (("有限公司", "Co., Ltd."), ("科技有限公司", "Technology Co., Ltd."), ("制造有限公司", "Manufacturing Co., Ltd."),
         ("厂", "Works"))  # fmt: skip

SURNAMES = tuple("王陈张吕石俞梁章潘杨徐丁何黄周吴朱袁盛求竺董赵盖胡刘李林钱裘")
GIVEN = tuple(
    "建国 志明 晓燕 丽娟 文斌 海峰 国平 雪梅 云飞 小红 永康 佳敏 浩然 子涵 思远 美玲 伟东 春兰 立新 晨曦 金水 秋萍 少华 一鸣 "
    "红英 嘉豪 亚芬 明德 新宇 月娥 正平 静怡 树根 巧云 银凤 学文 利民 宏伟 钟毓 若琳".split()
)

BOUNDS: dict[str, tuple[tuple[int, int, int] | None, tuple[int, int, int] | None, tuple[int, int, int] | None]] = {
    "agriculture": (None, (20000, 500, 50), None),
    "industry": ((1000, 300, 20), (40000, 2000, 300), None),
    "construction": (None, (80000, 6000, 300), (80000, 5000, 300)),
    "wholesale": ((200, 20, 5), (40000, 5000, 1000), None),
    "retail": ((300, 50, 10), (20000, 500, 100), None),
    "transport": ((1000, 300, 20), (30000, 3000, 200), None),
    "warehousing": ((200, 100, 20), (30000, 1000, 100), None),
    "postal": ((1000, 300, 20), (30000, 2000, 100), None),
    "accommodation": ((300, 100, 10), (10000, 2000, 100), None),
    "catering": ((300, 100, 10), (10000, 2000, 100), None),
    "information": ((2000, 100, 10), (100000, 1000, 100), None),
    "software": ((300, 100, 10), (10000, 1000, 50), None),
    "real_estate": (None, (200000, 1000, 100), (10000, 5000, 2000)),
    "property": ((1000, 300, 100), (5000, 1000, 500), None),
    "leasing_business": ((300, 100, 10), None, (120000, 8000, 100)),
    "other": ((300, 100, 10), None, None),
}
"""Lower bounds of large, medium, small by sector: staff; revenue, assets in 10,000 yuan. To draw plausible figures."""
